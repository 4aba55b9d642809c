// Shows the description; each URL opens when it is clicked, and can be tried out against this server.
SwaggerUIBundle({
  url: "/api/schema/",
  dom_id: "#docs",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  // The badge would ask a server on the internet.
  validatorUrl: null,
  // A key is in memory only: it is gone when the page is.
  persistAuthorization: false,
});
