// Telemetry: what the program tells about itself.
//
// In come log events (swift-log) and measurements (swift-metrics); out go lines on a descriptor and Prometheus text.
// Nothing here blocks the caller: lines are collected in a bounded buffer that a queue of its own writes out,
// and what does not fit is dropped and counted. It knows nothing of reviews, sockets or clusters.
