internal import Telemetry

/// The names of the metrics that are made here, and what all of them tell.
enum MetricNames {
  static let reviews = "spiderpool_webhook_reviews_total"
  static let reviewDuration = "spiderpool_webhook_review_duration_seconds"
  static let watchLag = "spiderpool_webhook_watch_lag_seconds"
  static let synced = "spiderpool_webhook_cache_synced"
  static let watchFailures = "spiderpool_webhook_watch_failures"
  static let decodeFailures = "spiderpool_webhook_cache_decode_failures"
  static let certificateExpiry = "spiderpool_webhook_certificate_expiry_timestamp_seconds"
  static let droppedLines = "spiderpool_webhook_log_lines_dropped"
  static let buildInfo = "spiderpool_webhook_build_info"

  /// Gives each its HELP line.
  static func describe(in registry: PrometheusRegistry) {
    let texts = [
      (reviews, "Reviews by kind, operation, phase and decision."),
      (reviewDuration, "Time from a review's last byte to its decision, by kind and phase."),
      (watchLag, "Time since the cluster was last heard of, by kind; bookmarks count."),
      (synced, "1 once all objects of the kind were listed."),
      (watchFailures, "Lists and watches that failed since the start, by kind."),
      (decodeFailures, "Objects that could not be read and are left out, by kind."),
      (certificateExpiry, "When the serving certificate expires, in seconds since 1970."),
      (droppedLines, "Log lines that were dropped because their reader did not keep up."),
      (buildInfo, "What this build is; always 1."),
    ]
    for (name, text) in texts { registry.describe(name, text) }
  }
}
