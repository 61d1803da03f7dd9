// IPAM: which address a Pod gets, and who holds which.
//
// Comes in: what is known of pools, Pods, namespaces and nodes, as values; the time and the place to search from, as
// numbers. Goes out: demands, grants, refusals with their reasons, and the records that a pool's status must hold. A
// transaction is a synchronous call on a value. Deliberately unknown here: reviews, API servers, clocks, waiting.
