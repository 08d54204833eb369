// The schema's builder: which values stand behind which scalars. Imports domain and this folder; resolves nothing.
import SchemaBuilder from "@pothos/core";
import type { UnixNanos } from "../domain/time.js";
import type { GatewayContext } from "./context.js";

/** The one builder: each noun adds its types and root fields to it. */
export const builder = new SchemaBuilder<{
  Context: GatewayContext;
  DefaultFieldNullability: false;
  Scalars: {
    Height: { Input: number; Output: number };
    BigInt: { Input: bigint; Output: bigint | number | string };
    Decimal: { Input: string; Output: string };
    DateTime: { Input: UnixNanos; Output: UnixNanos };
    Bytes: { Input: Uint8Array; Output: Uint8Array };
    JSON: { Input: unknown; Output: unknown };
  };
}>({ defaultFieldNullability: false });

builder.queryType({ description: "What can be asked once." });
builder.subscriptionType({ description: "What can be listened to, over WebSocket or server-sent events." });
