// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target: Swift 6 language mode, warnings are errors, explicit existentials and imports.
///
/// The release is optimised across modules, since a request passes through most of them: generic functions are specialised
/// where they are called. Exclusive access to memory is checked by the compiler, and at run time in debug, where the tests run.
/// Together that is a fifth of a request's CPU.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .unsafeFlags(
    ["-cross-module-optimization", "-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

/// A Swift target, in the order of dependence: each names only targets above its own line.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// The tests of one target, in `Tests/<name>Tests`.
func tests(_ name: String, _ more: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests",
    dependencies: [.target(name: name), "TestSupport"] + more,
    resources: [],
    swiftSettings: strict)
}

let argumentParser: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let yaml: Target.Dependency = .product(name: "Yams", package: "Yams")

let package = Package(
  name: "spiderpool-webhook",
  products: [.executable(name: "spiderpool-webhook", targets: ["spiderpool-webhook"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
  ],
  targets: [
    // C and C++ at the edge; each is imported by one Swift target.
    .systemLibrary(name: "CLinux"),
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(
      name: "CNghttp2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
    .target(name: "CSimdjson", linkerSettings: [.linkedLibrary("simdjson")]),
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),

    // Bytes from and to a peer.
    module("TLS", ["COpenSSL"]),
    module("Transport", ["CLinux", "TLS", logging, metrics]),
    module("HTTP", ["CNghttp2", "Transport", "TLS", logging, metrics, deque]),

    // Values and decisions: no I/O, no clock.
    module("JSON", ["CSimdjson"]),
    module("Telemetry", [logging, metrics]),
    module("Addressing"),
    module("KubernetesAPI", ["JSON", "Addressing"]),
    module("IPAM", ["KubernetesAPI", "Addressing", "JSON"]),
    module("Admission", ["IPAM", "KubernetesAPI", "Addressing", "JSON"]),

    // The cluster's state.
    module("Manifests", ["JSON", yaml]),
    module(
      "Cluster", ["CSQLite", "Manifests", "KubernetesAPI", "JSON", logging, metrics, deque]),
    module(
      "KubernetesClient",
      [
        "Cluster", "HTTP", "TLS", "Transport", "KubernetesAPI", "Manifests", "JSON", logging, metrics,
      ]),
    module(
      "Controllers",
      [
        "KubernetesClient", "Cluster", "Admission", "IPAM", "KubernetesAPI", "Addressing", "JSON", logging,
        metrics, deque,
      ]),

    // The program.
    .executableTarget(
      name: "spiderpool-webhook",
      dependencies: [
        "Telemetry", "TLS", "Transport", "HTTP", "JSON", "KubernetesAPI", "IPAM", "Admission", "Manifests",
        "Addressing", "Cluster", "KubernetesClient", "Controllers", argumentParser, logging, metrics,
      ],
      swiftSettings: strict),

    // What several tests use.
    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),

    tests("TLS"),
    tests("Transport", ["TLS"]),
    tests("HTTP", ["TLS", "Transport", logging]),
    tests("JSON"),
    tests("Telemetry", [logging, metrics]),
    tests("Addressing"),
    tests("KubernetesAPI", ["JSON"]),
    tests("IPAM", ["JSON", "Addressing", "KubernetesAPI"]),
    tests("Admission", ["IPAM", "JSON", "Addressing", "KubernetesAPI"]),
    tests("Manifests", ["JSON"]),
    tests("Cluster", ["KubernetesClient", "JSON", "KubernetesAPI", "StoreCrashWriter", logging]),
    tests("KubernetesClient", ["Cluster", "HTTP", "TLS", "Transport", "KubernetesAPI", "JSON"]),
    tests(
      "Controllers",
      [
        "Addressing", "IPAM", "Admission", "Cluster", "KubernetesClient", "KubernetesAPI", "JSON", logging,
      ]),
    tests(
      "spiderpool-webhook",
      [
        "Addressing", "Admission", "Cluster", "Controllers", "HTTP", "IPAM", "JSON", "KubernetesAPI",
        "Telemetry", "TLS", "Transport",
      ]),

    // Programs that tests start.
    .executableTarget(
      name: "StoreCrashWriter", dependencies: ["Cluster", "KubernetesAPI", "JSON"],
      path: "Tests/StoreCrashWriter", swiftSettings: strict),

    // Programs that measure.
    .executableTarget(
      name: "LedgerBenchmark", dependencies: ["IPAM", "Addressing"],
      path: "Tests/LedgerBenchmark", swiftSettings: strict),
    .executableTarget(
      name: "ReviewBenchmark", dependencies: ["Admission", "JSON"],
      path: "Tests/ReviewBenchmark", swiftSettings: strict),
  ],
  cxxLanguageStandard: .cxx17
)
