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
  static let waited = "spiderpool_debug_auto_pool_waited_for_available_counts_total"
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
      (waited, "Pods whose answer waited until their automatic pool was made or scaled."),
      ("spiderpool_webhook_automatic_pools_made_total", "Automatic pools that were made."),
      ("spiderpool_webhook_automatic_pools_scaled_total", "Automatic pools that were changed."),
      ("spiderpool_webhook_automatic_pools_deleted_total", "Automatic pools whose application was gone."),
      (
        "spiderpool_webhook_automatic_pool_shortages_total",
        "Tries to make or scale a pool for which a subnet was too small."
      ),
      ("spiderpool_webhook_automatic_pool_queue", "Applications that wait to be looked at."),
      (
        "spiderpool_webhook_followed_owner_kinds",
        "Kinds of applications, Kubernetes' own apart, whose objects are followed so that their pools go with them."
      ),
      (
        "spiderpool_webhook_unreadable_owner_kinds",
        "Kinds of applications whose objects cannot be listed, so that their pools stay when they go."
      ),
      ("spiderpool_webhook_subnet_status_writes_total", "Writes of subnets' statuses."),
      (
        "spiderpool_webhook_subnet_status_conflicts_total",
        "Writes of subnets' statuses that met another one."
      ),
      ("spiderpool_webhook_status_writes_total", "Writes of pools' statuses."),
      (
        "spiderpool_webhook_status_write_failures_total",
        "Writes of pools' statuses that failed, conflicts apart."
      ),
      ("spiderpool_webhook_lost_bindings_total", "Addresses that another Pod got before they were stored."),
      ("spiderpool_webhook_owners_woken_total", "Controllers that were woken because addresses came back."),
      ("spiderpool_webhook_gc_candidates", "Records whose Pods were not seen."),
      ("spiderpool_webhook_endpoint_writes_total", "Writes of SpiderEndpoints."),
      ("spiderpool_webhook_endpoint_write_failures_total", "Writes of SpiderEndpoints that failed."),
      (
        "spiderpool_webhook_endpoint_news_dropped_total",
        "News of Pods that were dropped; the next look makes up for them."
      ),
      ("spiderpool_ip_gc_counts_total", "Addresses that nobody held and that were taken back."),
      (
        "spiderpool_ip_gc_failure_counts_total",
        "Pods of which it could not be found out whether they are there."
      ),
      (
        "spiderpool_ipam_allocation_update_ippool_conflict_counts_total",
        "Writes of pools' statuses that met another one."
      ),
    ]
    for (name, text) in texts { registry.describe(name, text) }
  }
}
