// One scenario of the client of event streams: URL scenario -> a line of JSON for each thing that it saw.
import {createClient} from 'graphql-sse';

const [url, scenario] = process.argv.slice(1);
const CHANGES = 'subscription { guildChanged(guildId: "1300000000000000001") { action changedFields } }';

const tell = (seen) => console.log(JSON.stringify(seen));
const client = (credential) =>
  createClient({url, headers: {authorization: `Bearer ${credential}`}, retryAttempts: 0});
const all = async (results) => {
  const seen = [];
  for await (const result of results) seen.push(result);
  return seen;
};

/** The status that refuses an operation. */
const refusal = (results) => all(results).then(() => 'none', (failure) => ({status: failure.response?.status}));

const scenarios = {
  async subscription() {
    for await (const result of client('sandbox-owner').iterate({query: CHANGES})) {
      tell(result);
      break;
    }
  },

  async query() {
    tell(await all(client('sandbox-owner').iterate({query: '{ viewer { kind userId } }'})));
  },

  async invalid() {
    tell(await all(client('sandbox-owner').iterate({query: '{ nope }'})));
  },

  async forbidden() {
    tell(await refusal(client('sandbox-outsider').iterate({query: CHANGES})));
  },

  async wrong() {
    tell(await refusal(client('nope').iterate({query: '{ viewer { kind } }'})));
  },
};

await scenarios[scenario]();
