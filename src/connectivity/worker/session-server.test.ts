import { describe } from "vitest";
import { createGrpcCarrier, createMemoryCarrier } from "../../testing/carriers.js";
import { responderSuite } from "./session-server.suite.js";

describe("over gRPC", () => responderSuite(createGrpcCarrier));
describe("inside a process", () => responderSuite(createMemoryCarrier));
