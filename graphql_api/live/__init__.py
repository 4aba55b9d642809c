"""The live server: subscriptions over WebSockets and server-sent events, in an ASGI process of its own.

app.py            the application: its routes, and which browsers may use it
websocket.py      graphql-transport-ws (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md)
sse.py            graphql-sse, distinct connections mode (https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md)
operations.py     one subscription, from its document to the JSON of its results
hub.py            what all connections share: feeds (walletsvc/events/feeds.py), the thread for GraphQL, results
budgets.py        what the operations of one connection may cost together

Requests, routing and responses are Starlette's, the format of server-sent events is strawberry's, and the protocol
over WebSockets is our own (docs/adr/0014-own-live-handlers.md). Libraries execute an event once for each subscriber.
Here equal subscriptions share the read, the execution and the JSON of the result, so that a change reaches a thousand
of them in the time of a thousand writes to a socket.

No subscriber has a queue of its own. Each has a position in the ledger, the last sequence that was sent, and reads on
from there: a slow one falls behind in the ledger and not in memory, and is cut off if it accepts nothing.
"""
