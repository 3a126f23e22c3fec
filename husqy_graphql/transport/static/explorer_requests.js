// How the explorer asks: a POST for a query or a mutation, server-sent events for a subscription. Whatever goes wrong
// becomes a result with `errors`, which is what GraphiQL shows best. The one name for explorer.js: `explorerRequests`.
"use strict";

const explorerRequests = (() => {
  const JSON_ANSWER = "application/graphql-response+json, application/json;q=0.9";
  const EVENT_STREAM = "text/event-stream";
  const NOT_SENDABLE = "A header or the credential has characters that cannot be sent: use visible ASCII.";
  const NO_ANSWER = "The server does not answer. Is it still running?";
  const CUT_OFF = "The stream ended before the server completed it, so changes may be missed. Run it again to go on.";

  const failure = (message) => ({ errors: [{ message }] });

  // Names the credential that somebody wrote into the headers editor: it wins over the bar.
  function ownCredential(headers) {
    return ["authorization", "x-api-key"].find((name) => headers.has(name));
  }

  // `sender` is who asks: { session: true }, { credential }, or {} for nobody.
  function requestOf(sender, given, accept, body) {
    const headers = new Headers(given ?? {});
    headers.set("content-type", "application/json");
    headers.set("accept", accept);
    const own = ownCredential(headers);
    if (sender.credential && !own) {
      headers.set("authorization", `Bearer ${sender.credential}`);
    }
    // The cookie goes along only while the bar names the person behind it.
    const byCookie = Boolean(sender.session) && !own;
    if (byCookie) {
      headers.set("graphql-require-preflight", "1");
    }
    const credentials = byCookie ? "same-origin" : "omit";
    return { method: "POST", headers, body, credentials, cache: "no-store" };
  }

  // Right after a tab is changed GraphiQL still names the operation of the tab before.
  function operationIn(document, name) {
    try {
      const { definitions } = window.GraphiQL.GraphQL.parse(document);
      const operations = definitions.filter((each) => each.kind === "OperationDefinition");
      const named = operations.find((each) => name && each.name?.value === name);
      const meant = named ?? (operations.length === 1 ? operations[0] : undefined);
      return { name: named && name, type: meant?.operation };
    } catch {
      return { name, type: undefined };
    }
  }

  async function resultOf(response) {
    try {
      return await response.json();
    } catch {
      return failure(`The server answered ${response.status} without JSON.`);
    }
  }

  // The events of a stream (HTML Living Standard, section 9.2.6), as far as GraphQL uses them.
  async function* eventsOf(body) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    let type = "";
    let data = [];
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) {
          return;
        }
        // A carriage return at the end may be half of a line break.
        const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
        rest = lines.pop();
        for (const line of lines) {
          const [, name, text] = /^([^:]*):? ?(.*)$/s.exec(line);
          if (line === "") {
            if (type || data.length) {
              yield { type, data: data.join("\n") };
            }
            type = "";
            data = [];
          } else if (name === "event") {
            type = text;
          } else if (name === "data") {
            data.push(text);
          }
        }
      }
    } finally {
      reader.cancel().catch(() => {});
    }
  }

  // `answered` is told the status of each answer and who had asked.
  function createRequests(endpoint, answered) {
    async function ask(sender, body, headers) {
      let request;
      try {
        request = requestOf(sender, headers, JSON_ANSWER, body);
      } catch {
        return failure(NOT_SENDABLE);
      }
      try {
        const response = await fetch(endpoint, request);
        answered(response.status, request);
        return await resultOf(response);
      } catch {
        return failure(NO_ANSWER);
      }
    }

    async function listen(sender, body, headers, signal, next) {
      let request;
      try {
        request = requestOf(sender, headers, EVENT_STREAM, body);
      } catch {
        next(failure(NOT_SENDABLE));
        return;
      }
      let response;
      try {
        response = await fetch(endpoint, { ...request, signal });
        answered(response.status, request);
        if (!response.headers.get("content-type")?.startsWith(EVENT_STREAM)) {
          next(await resultOf(response));
          return;
        }
        for await (const event of eventsOf(response.body)) {
          if (event.type === "complete") {
            return;
          }
          if (event.type === "next") {
            const result = JSON.parse(event.data);
            if (!result.data && result.errors?.some((each) => each.extensions?.code === "UNAUTHENTICATED")) {
              answered(401, request); // a stream cannot change its status any more
            }
            next(result);
          }
        }
        next(failure(CUT_OFF));
      } catch {
        // Nobody listens any more to one that was stopped.
        if (!signal.aborted) {
          next(failure(response ? CUT_OFF : NO_ANSWER));
        }
      }
    }

    // What GraphiQL takes for a stream: an observable, whose `unsubscribe` ends the request at once.
    function observable(sender, body, headers) {
      return {
        subscribe(observer) {
          const stopping = new AbortController();
          listen(sender, body, headers, stopping.signal, (result) => observer.next(result))
            .finally(() => stopping.signal.aborted || observer.complete());
          return { unsubscribe: () => stopping.abort() };
        },
      };
    }

    function run(sender, parameters, headers) {
      const { name, type } = operationIn(parameters.query, parameters.operationName);
      const body = JSON.stringify({ ...parameters, operationName: name });
      return type === "subscription" ? observable(sender, body, headers) : ask(sender, body, headers);
    }

    return { run };
  }

  return { createRequests, ownCredential };
})();
