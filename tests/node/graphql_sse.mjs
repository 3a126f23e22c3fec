// One scenario of the client of event streams: URL scenario -> a line of JSON for each thing that it saw.
import {createClient} from 'graphql-sse';

const [url, scenario] = process.argv.slice(1);
const CHANGES = 'subscription { guildChanged(guildId: "1300000000000000001") { action changedFields } }';

const tell = (seen) => console.log(JSON.stringify(seen));
const client = (credential, options = {}) =>
  createClient({url, headers: credential ? {authorization: `Bearer ${credential}`} : {}, retryAttempts: 0, ...options});
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
    let tries = 0;
    const fetchFn = (...request) => {
      tries++;
      return fetch(...request);
    };
    const stubborn = client('nope', {retryAttempts: 3, retry: async () => {}, fetchFn});
    const failure = await all(stubborn.iterate({query: '{ viewer { kind } }'})).catch((error) => error);
    tell({status: failure.response?.status, tries});
  },
};

await scenarios[scenario]();
