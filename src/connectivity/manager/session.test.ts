import { describe } from "vitest";
import { createGrpcCarrier, createMemoryCarrier } from "../../testing/carriers.js";
import { sessionSuite } from "./session.suite.js";

describe("over gRPC", () => sessionSuite(createGrpcCarrier));
describe("inside a process", () => sessionSuite(createMemoryCarrier));
