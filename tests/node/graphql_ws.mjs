// One scenario of the WebSocket client: URL scenario -> a line of JSON for each thing that it saw.
import {createClient} from 'graphql-ws';
import WebSocket from 'ws';

const [url, scenario] = process.argv.slice(1);
const GUILD = '1300000000000000001';
const CHANGES = `subscription { guildSettingsChanged(guildId: "${GUILD}") { settings { autoDelete } changedFields } }`;
const VIEWER = '{ viewer { kind userId } }';
const OWNER = {authorization: 'Bearer sandbox-owner'};

const tell = (seen) => console.log(JSON.stringify(seen));
const client = (options = {}) =>
  createClient({url, webSocketImpl: WebSocket, connectionParams: OWNER, retryAttempts: 0, ...options});
const all = async (results) => {
  const seen = [];
  for await (const result of results) seen.push(result);
  return seen;
};

/** How a client's operation ends whose socket is closed. */
async function refused(connectionParams) {
  let tries = 0;
  const stranger = client({connectionParams, on: {connecting: () => tries++}});
  const {code, reason} = await all(stranger.iterate({query: VIEWER})).catch((end) => end);
  return {code, reason, tries};
}

/** The errors that end an operation. */
const errors = (results) => all(results).then(() => 'none', (failure) => failure);

/** How a plain socket ends that asks for these subprotocols, as a page of that origin. */
function upgraded(subprotocols, options) {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, subprotocols, options);
    socket.on('unexpected-response', (_, response) => resolve({status: response.statusCode}));
    socket.on('close', (code, reason) => resolve({code, reason: reason.toString()}));
    socket.on('error', () => {});
  });
}

const scenarios = {
  async subscription() {
    for await (const result of client().iterate({query: CHANGES})) {
      tell(result);
      break;
    }
  },

  /** Goes on until this process is ended. */
  async endless() {
    for await (const result of client().iterate({query: CHANGES})) tell(result);
  },

  async several() {
    let sockets = 0;
    const shared = client({on: {connecting: () => sockets++}});
    const changes = shared.iterate({query: CHANGES});
    const change = changes.next();
    const queries = await Promise.all([1, 2, 3].map(() => all(shared.iterate({query: VIEWER}))));
    tell({queries});
    tell({change: (await change).value, sockets});
    await changes.return();
  },

  async query() {
    tell(await all(client().iterate({query: VIEWER})));
  },

  async invalid() {
    tell(await errors(client().iterate({query: '{ nope }'})));
  },

  async variables() {
    const query = 'query Of($id: Snowflake!) { guild(id: $id) { name } }';
    tell(await all(client().iterate({query, operationName: 'Of', variables: {id: GUILD}})));
  },

  async mutation() {
    const query = `mutation { guildSettingsUpdate(guildId: "${GUILD}", input: {autoDelete: 7}) { settings { autoDelete } } }`;
    tell(await all(client().iterate({query})));
  },

  async wrong() {
    tell(await refused({authorization: 'Bearer nope'}));
  },

  async anonymous() {
    tell(await refused(undefined));
  },

  /** The subscription is refused, and the socket lives on. */
  async forbidden() {
    let sockets = 0;
    const outsider = client({
      connectionParams: {authorization: 'Bearer sandbox-outsider'},
      lazy: false,
      on: {connecting: () => sockets++},
    });
    tell(await errors(outsider.iterate({query: CHANGES})));
    tell(await all(outsider.iterate({query: VIEWER})));
    tell({sockets});
    await outsider.dispose();
  },

  /** The client unsubscribes after the first event and keeps its socket, until this process is ended. */
  async unsubscribe() {
    const staying = client({lazy: false});
    for await (const result of staying.iterate({query: CHANGES})) {
      tell(result);
      break;
    }
    tell(await all(staying.iterate({query: VIEWER})));
  },

  async keepalive() {
    const pongs = await new Promise((resolve, reject) => {
      let received = 0;
      const alive = client({
        lazy: false,
        keepAlive: 50,
        onNonLazyError: reject,
        on: {
          pong: (fromServer) => {
            if (fromServer && ++received === 3) {
              alive.dispose();
              resolve(received);
            }
          },
        },
      });
    });
    tell({pongs});
  },

  async legacy() {
    tell(await upgraded(['graphql-ws']));
    tell(await upgraded([]));
  },

  async origins() {
    tell(await upgraded(['graphql-transport-ws'], {origin: 'https://evil.example'}));
    tell(await upgraded(['graphql-transport-ws'], {origin: 'null'}));
    const own = url.replace('ws://', 'http://').replace('/graphql', '');
    class OfOurPage extends WebSocket {
      constructor(address, subprotocols) {
        super(address, subprotocols, {origin: own});
      }
    }
    tell(await all(client({webSocketImpl: OfOurPage}).iterate({query: VIEWER})));
  },
};

await scenarios[scenario]();
