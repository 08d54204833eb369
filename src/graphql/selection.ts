// Looks ahead in a question: which fields are asked below the one that is answered. Imports graphql only.
// Never evaluates @skip and @include: what might be asked counts as asked.
import { Kind, type GraphQLResolveInfo, type SelectionSetNode } from "graphql";
import type { TransactionColumns } from "../store/port.js";

/** The names of the fields that are asked at a path below the answered field, in any fragment. */
export function selectedNames(info: GraphQLResolveInfo, path: readonly string[]): ReadonlySet<string> {
  let sets = info.fieldNodes.map(({ selectionSet }) => selectionSet);
  for (const step of path) {
    sets = sets.flatMap((set) =>
      fieldsOf(info, set)
        .filter(({ name }) => name.value === step)
        .map(({ selectionSet }) => selectionSet),
    );
  }
  return new Set(sets.flatMap((set) => fieldsOf(info, set).map(({ name }) => name.value)));
}

function fieldsOf(
  info: GraphQLResolveInfo,
  set: SelectionSetNode | undefined,
): GraphQLResolveInfo["fieldNodes"][number][] {
  return (set?.selections ?? []).flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection];
    if (selection.kind === Kind.INLINE_FRAGMENT) return fieldsOf(info, selection.selectionSet);
    return fieldsOf(info, info.fragments[selection.name.value]?.selectionSet);
  });
}

/** The costly columns of transactions that are asked at any of the paths. */
export function transactionColumns(
  info: GraphQLResolveInfo,
  ...paths: readonly (readonly string[])[]
): TransactionColumns {
  const names = new Set(paths.flatMap((path) => [...selectedNames(info, path)]));
  return { events: names.has("events"), raw: names.has("raw"), rawLog: names.has("rawLog") };
}
