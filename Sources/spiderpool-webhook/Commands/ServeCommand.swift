public import ArgumentParser
internal import Controllers
public import Logging
public import Telemetry

struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serve admission reviews over TLS.",
    discussion: """
      The state comes from one of three places: the cluster the process runs in (--in-cluster), one named by a \
      kubeconfig (--kubeconfig), or a folder of manifests with what changed kept beside them (--store). \
      SIGTERM and SIGINT end it in good order: not ready, connections told to close, drained, exit 0.
      """)

  @OptionGroup(title: "State") var state: StateOptions
  @OptionGroup(title: "Addresses and certificates") var transport: TransportOptions
  @OptionGroup(title: "Addresses of Pods") var addresses: AddressOptions
  @OptionGroup(title: "Limits") var limits: LimitOptions
  @OptionGroup(title: "Log") var log: LogOptions

  @Option(help: "Settings as YAML, with Spiderpool's keys: enableIPv4, enableIPv6, enableSpiderSubnet, …")
  var config: String?

  @Option(help: "How long to go on serving after SIGTERM while clients find out; not ready meanwhile.")
  var shutdownDelay = DurationArgument(.seconds(5))

  @Option(help: "How long open connections may take to finish after that.")
  var drainTimeout = DurationArgument(.seconds(30))

  @Option(help: "Write the bound addresses to this file as JSON once reviews are served.")
  var readyFile: String?

  func run() async throws {
    try state.check(for: "serve")
    try await Server(options: self).run()
  }
}

/// Where the cluster's state comes from.
struct StateOptions: ParsableArguments {
  @Option(help: "The cluster a kubeconfig's current context names.")
  var kubeconfig: String?

  @Flag(help: "The cluster this process runs in, by its service account.")
  var inCluster = false

  @Option(help: "A folder of manifests; what changes is kept in it.")
  var store: String?

  @Option(
    help: """
      The namespace of the Lease by which replicas agree on new address ranges. By default the one this process runs \
      in, or spiderpool.
      """)
  var claimNamespace: String?

  /// Checked when all flags were understood, so that a misspelt one is told first.
  func check(for command: String) throws {
    let chosen = [kubeconfig != nil, inCluster, store != nil].filter { $0 }.count
    guard chosen == 1 else {
      throw ExitStatus(.usage, "\(command): exactly one of --kubeconfig, --in-cluster and --store is needed")
    }
  }
}

/// Where the server listens, and by which certificate it is known.
struct TransportOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Reviews, over TLS.", valueName: "addr:port"))
  var listen = ":5722"

  @Option(help: ArgumentHelp("Health: /livez, /readyz.", valueName: "addr:port"))
  var healthListen = ":5720"

  @Option(help: ArgumentHelp("Metrics: /metrics.", valueName: "addr:port"))
  var metricsListen = ":5721"

  @Option(help: "The serving certificate and its chain, PEM; read again when it changes.")
  var tlsCert = "/etc/tls/tls.crt"

  @Option(help: "Its private key, PEM.")
  var tlsKey = "/etc/tls/tls.key"

  @Option(help: "Ask clients for a certificate of these authorities, PEM.")
  var clientCA: String?

  @Option(
    help: "A name (CN or DNS) a client certificate must carry; may be repeated. None: any of the authorities."
  )
  var clientName: [String] = []

  @Flag(inversion: .prefixedEnableDisable, help: "Offer HTTP/2 beside HTTP/1.1.")
  var http2 = true

  @Option(help: "Event loops for reviews; 0: one per core.")
  var loops = 0
}

/// How Pods get their addresses.
struct AddressOptions: ParsableArguments {
  @Flag(inversion: .prefixedNo, help: "Give Pods the addresses of the pools that their annotations name.")
  var pods = true

  @Option(
    help: """
      How long an address stays a Pod's that was admitted and never seen. Never shorter than the API server may take to \
      store a Pod (its --request-timeout, 60s).
      """)
  var unconfirmedGrace = DurationArgument(.seconds(65))

  @Option(help: "Addresses that one owner's Pods may hold without having been seen.")
  var unconfirmedPerOwner = 1000

  @Option(
    help: """
      How long the replica that gives addresses back may be silent before another one takes its Lease over; the same for \
      all replicas.
      """)
  var leaderElectLeaseDuration = DurationArgument(.seconds(15))

  @Flag(inversion: .prefixedNo, help: "Write a SpiderEndpoint for each Pod that has addresses and a node.")
  var endpoints = true

  @Option(help: "SpiderEndpoints written in a second at most; more wait.")
  var endpointsPerSecond = 20

  @Flag(
    help: """
      Take "+N" addresses for third-party applications too, if their kind has a scale subresource, and let their pools \
      follow its replicas.
      """)
  var elasticThirdParty = false

  func validate() throws {
    let lease = leaderElectLeaseDuration.duration
    guard lease >= LeaseTiming.shortestLease, lease.components.attoseconds == 0 else {
      throw ValidationError(
        "--leader-elect-lease-duration: \(leaderElectLeaseDuration): must be whole seconds, 3s or more")
    }
  }
}

/// The limits that deployments have reason to change; the others have one default.
struct LimitOptions: ParsableArguments {
  @Option(help: "Connections in all; more are closed at once.")
  var maxConnections = 10_000

  @Option(help: "Bytes of one request body.")
  var maxBodyBytes = 7 << 20

  @Option(help: "From the first byte of a request to the end of its header.")
  var headerTimeout = DurationArgument(.seconds(5))

  @Option(help: "From the end of the header to the end of the body.")
  var bodyTimeout = DurationArgument(.seconds(10))

  @Option(help: "After which a connection without a request is closed.")
  var idleTimeout = DurationArgument(.seconds(100))

  @Option(help: "Streams of one HTTP/2 connection at a time.")
  var maxStreams = 100
}

/// What is logged, and how.
struct LogOptions: ParsableArguments {
  @Option(help: "text or json.")
  var logFormat = LogFormat.text

  @Option(help: "trace, debug, info, notice, warning, error or critical; decisions are logged at info.")
  var logLevel = Logger.Level.info
}

extension LogFormat: ExpressibleByArgument {}
extension Logger.Level: @retroactive ExpressibleByArgument {}
