// The root type of mutations. Each noun adds its own. Imports the builder only.
import { builder } from "./builder.js";

builder.mutationType({ description: "Changes: work to do, and schedules." });
