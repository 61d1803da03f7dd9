internal import JSON

/// The networks to which Multus attaches a Pod.
struct MultusNetworks {
  /// One network, and the interface it is attached as.
  struct Attachment: Equatable {
    /// `namespace/name` of the NetworkAttachmentDefinition.
    let network: String
    /// The name that the annotation gives the interface; nil leaves it to Multus.
    let interface: String?
  }

  static let networksKey: StaticString = "k8s.v1.cni.cncf.io/networks"
  static let defaultNetworkKey: StaticString = "v1.multus-cni.io/default-network"

  /// The network of `eth0`; nil when nothing names it.
  let first: Attachment?
  /// Those of the further interfaces, in order; nil when the annotation cannot be read.
  let further: [Attachment]?

  init(of pod: PodFacts, settings: ChoiceSettings) {
    let text = pod.annotations[Self.defaultNetworkKey.description] ?? settings.multusDefaultNetwork
    first = text.flatMap { Self.read($0, defaultNamespace: settings.multusNamespace)?.first }
    further =
      pod.annotations[Self.networksKey.description].map { Self.read($0, defaultNamespace: pod.namespace) }
      ?? []
  }

  /// The network of this interface; nil when nothing names one.
  func network(of interface: String) -> String? {
    if interface == "eth0" { return first?.network }
    return further?.enumerated().first { Self.name($0.element, at: $0.offset) == interface }?.element.network
  }

  /// The names of a Pod's first interfaces: `eth0`, and then what Multus calls them.
  func interfaceNames(_ count: Int) -> [String] {
    let plain = (0..<count).map { $0 == 0 ? "eth0" : "net\($0)" }
    let names = plain.enumerated().map { position, name in
      guard position > 0, let further, position <= further.count else { return name }
      return Self.name(further[position - 1], at: position - 1)
    }
    return Set(names).count == count ? names : plain
  }

  /// Multus calls an interface by its place, from `net1` on, where the annotation gives no name.
  private static func name(_ attachment: Attachment, at position: Int) -> String {
    attachment.interface ?? "net\(position + 1)"
  }

  /// Reads `namespace/name@interface,...`, or a JSON array of objects; nil for what is neither, or too long.
  static func read(_ text: String, defaultNamespace: String) -> [Attachment]? {
    guard text.utf8.count <= AnnotationLimits.bytes else { return nil }
    let isJSON = text.utf8.contains { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "{") }
    let read = isJSON ? readJSON(text, defaultNamespace) : readList(text, defaultNamespace)
    return read.flatMap { $0.count <= AnnotationLimits.networks ? $0 : nil }
  }

  private static func readList(_ text: String, _ defaultNamespace: String) -> [Attachment]? {
    var attachments: [Attachment] = []
    for item in text.split(separator: ",", omittingEmptySubsequences: false) {
      let item = trimmed(item)
      let parts = item.split(separator: "@", omittingEmptySubsequences: false)
      let path = parts[0].split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count <= 2, path.count <= 2, !path.contains(""), parts.count == 1 || !parts[1].isEmpty
      else {
        return nil
      }
      attachments.append(
        Attachment(
          network: path.count == 2 ? String(parts[0]) : "\(defaultNamespace)/\(parts[0])",
          interface: parts.count == 2 ? String(parts[1]) : nil))
    }
    return attachments
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text
    while text.first?.isWhitespace ?? false { text.removeFirst() }
    while text.last?.isWhitespace ?? false { text.removeLast() }
    return text
  }

  private static func readJSON(_ text: String, _ defaultNamespace: String) -> [Attachment]? {
    var parser = JSONParser(maximumDepth: 64, maximumBytes: AnnotationLimits.bytes)
    let attachments = try? parser.parse(Array(text.utf8)) { view -> [Attachment]? in
      guard view.kind == .array else { return nil }
      var attachments: [Attachment] = []
      for item in view.elements {
        guard let name = item["name"]?.string, !name.isEmpty else { return nil }
        let namespace = item["namespace"]?.string ?? ""
        let interface = item["interface"]?.string ?? ""
        attachments.append(
          Attachment(
            network: "\(namespace.isEmpty ? defaultNamespace : namespace)/\(name)",
            interface: interface.isEmpty ? nil : interface))
      }
      return attachments
    }
    return attachments ?? nil
  }
}
