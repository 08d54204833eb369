import { describe } from "vitest";
import { createGrpcCarrier, createMemoryCarrier } from "../../testing/carriers.js";
import { sessionServerSuite } from "./session-server.suite.js";

describe("over gRPC", () => sessionServerSuite(createGrpcCarrier));
describe("inside a process", () => sessionServerSuite(createMemoryCarrier));
