internal import Admission
internal import CoreMetrics
internal import IPAM
internal import KubernetesAPI
internal import Logging

/// Tells what became of automatic pools: by Events about the application and the pool, by counters, and in the log.
struct PoolTeller: Sendable {
  let book: AddressBook
  let events: EventRecorder
  let logger: Logger
  private let made = Counter(label: "spiderpool_webhook_automatic_pools_made_total")
  private let scaled = Counter(label: "spiderpool_webhook_automatic_pools_scaled_total")
  private let shortages = Counter(label: "spiderpool_webhook_automatic_pool_shortages_total")

  init(book: AddressBook, events: EventRecorder, logger: Logger) {
    self.book = book
    self.events = events
    self.logger = logger
  }

  func tell(_ outcome: CarveOutcome, _ wish: PoolWish) {
    let (application, place) = (wish.pool.application, wish.pool.place)
    let about = application.reference
    switch outcome {
    case .ready(let change):
      tell(change, wish)
    case .inUse(let held):
      logger.debug(
        "a pool shrinks later", metadata: ["application": "\(application)", "held": "\(held)"])
    case .short(let needed, let free):
      shortages.increment()
      events.record(
        .warning, reason: "SubnetExhausted",
        message:
          "the \(place.family) pool of \(place.interface) is to have \(wish.count) addresses and lacks \(needed); "
          + "SpiderSubnet \"\(place.subnet)\" has \(free) left: add addresses to it, or ask for fewer",
        about: about)
    case .refused(let sentence):
      events.record(.warning, reason: "AutomaticPoolRefused", message: sentence, about: about)
    case .failed(let sentence):
      logger.notice(
        "an automatic pool is tried again",
        metadata: ["application": "\(application)", "reason": "\(sentence)"])
    }
  }

  private func tell(_ change: PoolChange, _ wish: PoolWish) {
    let about = wish.pool.application.reference
    switch change.kind {
    case .none: return
    case .made:
      made.increment()
      events.record(
        .normal, reason: "AutomaticPoolCreated",
        message:
          "SpiderIPPool \"\(change.name)\" with \(wish.count) addresses of SpiderSubnet \"\(wish.pool.place.subnet)\"",
        about: about)
    case .changed:
      scaled.increment()
      let message = "has \(wish.count) addresses for \(wish.pool.application)"
      events.record(
        .normal, reason: "AutomaticPoolScaled", message: "SpiderIPPool \"\(change.name)\" \(message)",
        about: about)
      if let pool = book.reference(to: change.name) {
        events.record(.normal, reason: "Scaled", message: message, about: pool)
      }
    }
  }

  /// A pool was deleted because its application is gone.
  func tellDeleted(_ pool: PoolFacts, of application: Application) {
    if let reference = book.reference(to: pool.name) {
      events.record(
        .normal, reason: "Deleted", message: "its application, \(application), is gone", about: reference)
    }
    logger.info(
      "deleted the pool of an application that is gone",
      metadata: ["pool": "\(pool.name)", "application": "\(application)"])
  }
}
