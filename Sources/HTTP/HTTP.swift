// HTTP: bytes in, messages out, and back.
//
// What comes in: the plaintext bytes of one peer and the monotonic time, passed by the caller.
// What goes out: whole requests to a handler (server), heads, pieces of bodies and ends of responses (client), and the
// bytes to send. `Messages` holds the values, `Limits` every bound and the reasons for a refusal, `HTTP1` and `HTTP2` the
// state machines; `Server` and `Client` put them on sockets.
// What it deliberately does not know: in the machines, sockets, TLS, threads and clocks; everywhere, what a body means.
