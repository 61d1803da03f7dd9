internal import Glibc

/// Numbers that look random, and are the same in every run with one seed: SplitMix64 (Steele, Lea and Flood, 2014).
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// A generator with this seed.
  public init(seed: UInt64) { state = seed }

  /// A generator with a new seed, which is printed so that a failure can be repeated: with the environment variable `TEST_SEED`.
  public static func announced(_ function: StaticString = #function) -> SeededGenerator {
    let given = getenv("TEST_SEED").flatMap { UInt64(String(cString: $0)) }
    let seed = given ?? UInt64.random(in: 0...(.max))
    print("\(function): TEST_SEED=\(seed)")
    return SeededGenerator(seed: seed)
  }

  /// The next number.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
