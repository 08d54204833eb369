// Looks ahead in an operation: which fields are selected below the resolved field. Imports graphql only.
// Never evaluates @skip and @include: a field that may be selected counts as selected.
import { Kind, type GraphQLResolveInfo, type SelectionSetNode } from "graphql";
import type { TransactionColumns } from "../store/port.js";

/** Returns the names of the fields that are selected at a path below the resolved field, in any fragment. */
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

/** Returns which of the large transaction columns are selected at any of the paths. */
export function transactionColumns(
  info: GraphQLResolveInfo,
  ...paths: readonly (readonly string[])[]
): TransactionColumns {
  const names = new Set(paths.flatMap((path) => [...selectedNames(info, path)]));
  return { events: names.has("events"), raw: names.has("raw"), rawLog: names.has("rawLog") };
}
