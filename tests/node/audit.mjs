// All audits of GraphQL over HTTP: URL [credential] -> [{id, name, status, reason}]
import {auditServer} from 'graphql-http';

const [url, credential] = process.argv.slice(1);
const headers = credential ? {authorization: `Bearer ${credential}`} : {};
// Some audits call it with the URL alone.
const fetchFn = (address, init = {}) => fetch(address, {...init, headers: {...init.headers, ...headers}});

const results = await auditServer({url, fetchFn});
console.log(JSON.stringify(results.map(({id, name, status, reason}) => ({id, name, status, reason: reason ?? null}))));
