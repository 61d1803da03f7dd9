/// Names that Spiderpool's objects carry: API group, finalizer, labels and annotations.
public enum SpiderAPI {
  /// The API group of Spiderpool's resources.
  public static let group = "spiderpool.spidernet.io"
  /// Their version.
  public static let version = "v2beta1"
  /// `group/version`.
  public static let apiVersion = "spiderpool.spidernet.io/v2beta1"
  /// The finalizer that holds pools, subnets and endpoints until they are no longer in use.
  public static let finalizer: StaticString = "spiderpool.spidernet.io"

  /// Labels; their prefix is `ipam.spidernet.io/`.
  public enum Label {
    /// On a pool: its subnet, in the form of `cidrLabelValue(_:)`.
    public static let poolCIDR: StaticString = "ipam.spidernet.io/ippool-cidr"
    /// On a subnet: itself, in the same form.
    public static let subnetCIDR: StaticString = "ipam.spidernet.io/subnet-cidr"
    /// On a pool: the name of the SpiderSubnet that owns it.
    public static let ownerSubnet: StaticString = "ipam.spidernet.io/owner-spider-subnet"
    /// On an automatic pool: the name of its application.
    public static let ownerApplicationName: StaticString = "ipam.spidernet.io/owner-application-name"
    /// On an automatic pool: the application's group and version, joined by `_`; the version alone for the core group.
    public static let ownerApplicationGV: StaticString = "ipam.spidernet.io/owner-application-gv"
    /// On an automatic pool: the application's kind.
    public static let ownerApplicationKind: StaticString = "ipam.spidernet.io/owner-application-kind"
    /// On an automatic pool: the application's namespace.
    public static let ownerApplicationNamespace: StaticString =
      "ipam.spidernet.io/owner-application-namespace"
    /// On an automatic pool: the application's UID.
    public static let ownerApplicationUID: StaticString = "ipam.spidernet.io/owner-application-uid"
    /// On an automatic pool: the interface of the Pods that it serves.
    public static let interface: StaticString = "ipam.spidernet.io/interface"
    /// On an automatic pool: whether it goes with its application, `true` or `false`.
    public static let reclaim: StaticString = "ipam.spidernet.io/ippool-reclaim"
    /// On an automatic pool: `IPv4` or `IPv6`.
    public static let ipVersion: StaticString = "ipam.spidernet.io/ip-version"
  }

  /// Annotations on Pods, Pod templates and namespaces; their prefix is `ipam.spidernet.io/`.
  public enum Annotation {
    /// On a Pod: the pools of its first interface, as JSON.
    public static let pool: StaticString = "ipam.spidernet.io/ippool"
    /// On a Pod: the pools of each interface, as JSON.
    public static let pools: StaticString = "ipam.spidernet.io/ippools"
    /// On a Pod: the subnets from which one interface's automatic pools are cut, as JSON.
    public static let subnet: StaticString = "ipam.spidernet.io/subnet"
    /// On a Pod: the subnets of each interface, as JSON.
    public static let subnets: StaticString = "ipam.spidernet.io/subnets"
    /// On a Pod: routes beside those of the pools, as JSON.
    public static let routes: StaticString = "ipam.spidernet.io/routes"
    /// On a namespace: the IPv4 pools of Pods that name none, as JSON.
    public static let defaultIPv4Pools: StaticString = "ipam.spidernet.io/default-ipv4-ippool"
    /// On a namespace: the IPv6 pools of Pods that name none, as JSON.
    public static let defaultIPv6Pools: StaticString = "ipam.spidernet.io/default-ipv6-ippool"
    /// On a Pod: the addresses it was given, for the node to use. Written by this program alone.
    public static let allocation: StaticString = "ipam.spidernet.io/allocation"
    /// On a Pod: the signed proof that the addresses are reserved for it. Written by this program alone.
    public static let reservation: StaticString = "ipam.spidernet.io/reservation"
    /// How many addresses an automatic pool holds: `N`, or `+N` above the replicas.
    public static let poolIPNumber: StaticString = "ipam.spidernet.io/ippool-ip-number"
    /// Whether an automatic pool goes with its application: `true` or `false`.
    public static let poolReclaim: StaticString = "ipam.spidernet.io/ippool-reclaim"
  }

  /// The keys of an automatic pool's `podAffinity.matchLabels`, which name the application.
  public enum Affinity {
    /// The application's API group; empty for the core group.
    public static let group: StaticString = "ipam.spidernet.io/app-api-group"
    /// Its API version.
    public static let version: StaticString = "ipam.spidernet.io/app-api-version"
    /// Its kind.
    public static let kind: StaticString = "ipam.spidernet.io/app-kind"
    /// Its namespace.
    public static let namespace: StaticString = "ipam.spidernet.io/app-namespace"
    /// Its name.
    public static let name: StaticString = "ipam.spidernet.io/app-name"
    /// All of them; no other is allowed there.
    public static let all = [group, version, kind, namespace, name]
  }

  /// A canonical CIDR as a label value: `.`, `:` and `/` become `-`.
  ///
  /// A label value must start with a letter or digit, so an IPv6 text that starts with `::` gets the zero that it leaves
  /// out: `::/8` gives `0---8`, as the equal network `0::/8` would.
  public static func cidrLabelValue(_ text: String) -> String {
    var text = text
    return text.withUTF8 { withCIDRLabelValue($0) { String(decoding: $0, as: UTF8.self) } }
  }

  /// Lends the same value as bytes, without allocating.
  public static func withCIDRLabelValue<Result>(
    _ text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Result
  ) -> Result {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: text.count + 1) { buffer in
      buffer[0] = UInt8(ascii: "0")
      let start = text.first == UInt8(ascii: ":") ? 1 : 0
      for (position, byte) in text.enumerated() {
        let isSeparator = byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "/")
        buffer[start + position] = isSeparator ? UInt8(ascii: "-") : byte
      }
      return body(UnsafeBufferPointer(rebasing: buffer[..<(start + text.count)]))
    }
  }
}
