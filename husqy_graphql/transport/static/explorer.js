// The explorer page: GraphiQL, and a bar that says on whose behalf it asks. The credential lives in this file's
// memory alone, so that nothing of it is left behind on a shared machine.
"use strict";

(() => {
  const config = JSON.parse(document.body.dataset.config);
  const place = document.getElementById("explorer");
  const field = document.getElementById("credential");
  const reveal = document.getElementById("reveal");
  const identity = document.getElementById("identity");
  const people = document.getElementById("person");

  const WHO = "query Who { viewer { kind subject userId } }";
  const KINDS = { USER: "user", API_KEY: "API key", SERVICE: "Husqy itself" };
  const state = { credential: "", schemaLoaded: false, question: 0 };

  function headersOf(given) {
    const headers = new Headers(given ?? {});
    headers.set("content-type", "application/json");
    headers.set("accept", "application/graphql-response+json, application/json;q=0.9");
    // What somebody writes into the headers editor wins over the box.
    if (state.credential && !headers.has("authorization") && !headers.has("x-api-key")) {
      headers.set("authorization", `Bearer ${state.credential}`);
    }
    return headers;
  }

  // Right after a tab is changed GraphiQL still names the operation of the tab before.
  function operationIn(document, name) {
    try {
      const { definitions } = window.GraphiQL.GraphQL.parse(document);
      return definitions.some((each) => each.kind === "OperationDefinition" && each.name?.value === name)
        ? name
        : undefined;
    } catch {
      return name;
    }
  }

  async function ask(parameters, options) {
    let headers;
    try {
      headers = headersOf(options?.headers);
    } catch {
      throw new Error("A header or the credential has characters that cannot be sent: use visible ASCII.");
    }
    const operationName = operationIn(parameters.query, parameters.operationName);
    const body = JSON.stringify({ ...parameters, operationName });
    let response;
    try {
      response = await fetch(config.endpoint, {
        // Without cookies: the bar says on whose behalf it asks, and a session would be somebody whom it does not show.
        method: "POST", headers, body, cache: "no-store", credentials: "omit",
      });
    } catch {
      throw new Error("The server does not answer. Is it still running?");
    }
    try {
      return await response.json();
    } catch {
      throw new Error(`The server answered ${response.status} without JSON.`);
    }
  }

  function show(text, mood) {
    identity.textContent = text;
    identity.className = `identity ${mood}`;
  }

  async function showIdentity() {
    state.question += 1;
    const question = state.question;
    if (!state.credential) {
      show("Not signed in", "");
      return;
    }
    let text;
    let mood = "bad";
    try {
      const answer = await ask({ query: WHO });
      const viewer = answer.data?.viewer;
      text = viewer ? nameOf(viewer) : answer.errors?.[0]?.message ?? "The server does not say who you are.";
      mood = viewer ? "good" : "bad";
    } catch (error) {
      text = error.message;
    }
    // Another credential may have been given while this one was asked about.
    if (question === state.question) {
      show(text, mood);
    }
  }

  function nameOf(viewer) {
    return [KINDS[viewer.kind] ?? viewer.kind, viewer.userId ?? ""].join(" ").trim();
  }

  function useCredential(credential) {
    state.credential = credential.trim();
    showIdentity();
    if (!state.schemaLoaded) {
      render();
    }
  }

  // GraphiQL keeps tabs and history in localStorage; its history would keep the headers editor's credentials too.
  function storageWithoutHeaders() {
    let storage;
    try {
      storage = window.localStorage;
    } catch {
      return null;
    }
    return new Proxy(storage, {
      get(target, key) {
        if (key === "setItem") {
          return (name, value) => target.setItem(name, withoutHeaders(value));
        }
        const value = target[key];
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  function withoutHeaders(value) {
    if (!value.includes('"headers"')) {
      return value;
    }
    try {
      return JSON.stringify(JSON.parse(value, (key, inner) => (key === "headers" ? null : inner)));
    } catch {
      return value;
    }
  }

  function fail(text) {
    const line = document.createElement("p");
    line.className = "waiting bad";
    line.setAttribute("role", "alert");
    line.textContent = text;
    place.replaceChildren(line);
  }

  let root;
  let properties;

  function start() {
    const { React, ReactDOM, GraphiQL, GraphiQLPluginExplorer } = window;
    if (!React || !ReactDOM || !GraphiQL || !GraphiQLPluginExplorer) {
      fail("GraphiQL could not be loaded. Run `husqy-graphql explorer install` on the server, then start it again.");
      return;
    }
    // GraphiQL's dialogs put a style element into the page; this is how they learn the policy's nonce.
    window.__webpack_nonce__ = document.querySelector("link[nonce]").nonce;
    properties = {
      defaultTabs: config.tabs,
      plugins: [GraphiQLPluginExplorer.explorerPlugin({ showAttribution: false })],
      shouldPersistHeaders: false,
      storage: storageWithoutHeaders(),
      defaultEditorToolsVisibility: "variables",
      onSchemaChange: () => { state.schemaLoaded = true; },
    };
    root = ReactDOM.createRoot(place);
    render();
  }

  function render() {
    // A new function makes GraphiQL ask for the schema again.
    const fetcher = (parameters, options) => ask(parameters, options);
    root?.render(window.React.createElement(window.GraphiQL, { ...properties, fetcher }));
  }

  field.addEventListener("change", () => {
    if (people) {
      people.value = [...people.options].some((option) => option.value === field.value) ? field.value : "other";
    }
    useCredential(field.value);
  });

  people?.addEventListener("change", () => {
    const other = people.value === "other";
    field.value = other ? "" : people.value;
    useCredential(field.value);
    if (other) {
      field.focus();
    }
  });

  reveal.addEventListener("click", () => {
    const hidden = field.type === "password";
    field.type = hidden ? "text" : "password";
    reveal.textContent = hidden ? "Hide" : "Show";
    reveal.setAttribute("aria-pressed", String(hidden));
  });

  // The editors take the Tab key, so Escape is the way out for the keyboard, once it has nothing else to close.
  place.addEventListener("keydown", (event) => {
    const editor = event.target.closest?.(".CodeMirror")?.CodeMirror;
    if (event.key !== "Escape" || editor?.getInputField() !== event.target) {
      return;
    }
    if (!editor.state.completionActive && editor.listSelections().length === 1) {
      event.stopPropagation(); // the editor would take the focus back
      place.querySelector(".graphiql-execute-button")?.focus();
    }
  }, true);

  field.value = people?.value ?? "";
  start();
  useCredential(field.value);
})();
