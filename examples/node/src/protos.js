// Loads the contract from protos/ at start, without generated code.
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const root = fileURLToPath(new URL("../../../", import.meta.url));

const definition = loadSync(
  [
    "chatly/auth/v1/auth_service.proto",
    "chatly/auth/v1/user_service.proto",
    "chatly/media/v1/media_service.proto",
    "chatly/messaging/v1/messaging_service.proto",
  ],
  {
    includeDirs: ["protos", "third_party/googleapis", "third_party/protovalidate"].map((folder) => root + folder),
    keepCase: true, // field names as in the protos
    enums: String,
    longs: Number,
    defaults: true,
    oneofs: true, // `event.event` names the set field
  },
);

export const { chatly } = grpc.loadPackageDefinition(definition);
