// Judges requests by service control policies with @cloud-copilot/iam-simulate, one JSON object a line,
// as tests/laws/examples/judge-scps.rs does with ours. The folder with the package is the only argument.

import { createRequire } from "node:module";
import { resolve } from "node:path";
import { createInterface } from "node:readline";

const require = createRequire(resolve(process.argv[2], "package.json"));
const { runUnsafeSimulation } = require("@cloud-copilot/iam-simulate");

const answers = { Allowed: "allow", ExplicitlyDenied: "explicit", ImplicitlyDenied: "implicit" };

function judge({ levels, action, resource, context }) {
  const everything = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };
  const contextVariables = {};
  for (const [key, values] of Object.entries(context)) {
    contextVariables[key] = values.length === 1 ? values[0] : values;
  }
  const result = runUnsafeSimulation(
    {
      identityPolicies: [{ name: "all", policy: everything }],
      serviceControlPolicies: levels.map((policies, level) => ({
        orgIdentifier: `level-${level}`,
        policies: policies.map((policy, index) => ({ name: `policy-${index}`, policy })),
      })),
      resourceControlPolicies: [],
      request: {
        principal: "arn:aws:iam::111122223333:role/app",
        action,
        resource: { resource, accountId: "111122223333" },
        contextVariables,
      },
    },
    {},
  );
  const said = typeof result === "string" ? result : (result.overallResult ?? result.result);
  return answers[said] ?? `error ${JSON.stringify(result)}`;
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = judge(JSON.parse(line));
  } catch (error) {
    answer = `error ${String(error.message).split("\n")[0]}`;
  }
  process.stdout.write(`${answer}\n`);
}
