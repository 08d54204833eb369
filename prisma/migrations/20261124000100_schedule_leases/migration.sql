-- Leases by name, for work that only one process may do at a time without a row of its own: a step of following a chain.
-- A row is deleted when its work ends, so the table stays small.

-- CreateTable
CREATE TABLE "lease" (
    "name" TEXT NOT NULL,
    "owner" TEXT NOT NULL,
    "token" BIGINT NOT NULL,
    "lease_until" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "lease_pkey" PRIMARY KEY ("name")
) WITH (fillfactor = 50);

-- AlterTable
ALTER TABLE "schedule" ADD COLUMN "last_success" TIMESTAMPTZ(6);
