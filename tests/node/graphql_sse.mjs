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
    tell(await all(client('sandbox-outsider').iterate({query: CHANGES})));
  },

  async wrong() {
    const failure = await all(client('nope').iterate({query: '{ viewer { kind } }'})).catch((error) => error);
    tell({status: failure.response?.status});
  },
};

await scenarios[scenario]();
