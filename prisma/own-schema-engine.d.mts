/** Sets PRISMA_SCHEMA_ENGINE_BINARY for this process and its children, unless it is set or not needed. */
export function useOwnSchemaEngine(): void;
