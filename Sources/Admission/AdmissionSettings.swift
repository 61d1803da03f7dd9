/// What an installation decides about the rules.
public struct AdmissionSettings: Sendable, Equatable {
  /// Whether pools may hold IPv4 addresses.
  public var allowsIPv4 = true
  /// Whether pools may hold IPv6 addresses.
  public var allowsIPv6 = true
  /// Whether SpiderSubnets own the pools of their network.
  public var usesSubnets = true
  /// Whether a pool or subnet with addresses in use may not be deleted; without it the finalizer alone protects them.
  public var guardsDeletion = false
  /// How long an admitted but not yet visible object keeps its addresses to itself, in milliseconds: longer than the
  /// API server lets a write take (60 s).
  public var claimLifetime: UInt64 = 65_000
  /// Whether `ReviewOutcome.admitted` carries what was admitted.
  public var recordsAdmitted = false

  /// The defaults.
  public init() {}
}
