// Controllers: what goes on between the cluster's state and the rules.
//
// In come lists and watch events of a `ClusterStore` and the claims of admitted reviews; out go a `PoolDirectory` that is up
// to date, claims that all replicas agree on, the one replica that holds the lease, and Events for people. It knows neither
// sockets nor how a review is judged.
