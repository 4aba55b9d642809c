"""The live server: subscriptions over WebSockets and server-sent events, in an ASGI process of its own.

app.py            the application: what is answered, and who may ask from a browser
websocket.py      graphql-transport-ws (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md)
sse.py            graphql-sse, distinct connections mode (https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md)
operations.py     one subscription, from its text to the texts of its results
hub.py            what all connections share: feeds (walletsvc/events/feeds.py), the thread for GraphQL, results
budgets.py        what the operations of one connection may cost together

Requests, routing and responses are Starlette's; the two protocols are written out here. Libraries execute an event
once for each subscriber. Here equal subscriptions share the reading, the execution and the text of its result, so a
change reaches a thousand of them in the time of a thousand writes to a socket.

No subscriber has a queue. Each has a place in the ledger, the last sequence that was sent, and reads on from there
once that is sent: one that is slow falls behind in the ledger and not in memory, and is cut off if it takes nothing.
"""
