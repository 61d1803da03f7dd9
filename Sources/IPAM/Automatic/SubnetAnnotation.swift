internal import Addressing
internal import JSON
public import KubernetesAPI

/// The reader of the annotations that ask for automatic pools: `subnet`, `subnets`, `ippool-ip-number`, `ippool-reclaim`.
public struct SubnetAnnotation {
  static let format = RuleID("subnet-annotation")
  static let unknownID = RuleID("subnet-unknown")
  static let familyID = RuleID("subnet-family")
  static let duplicateID = RuleID("subnet-named-twice")
  static let numberID = RuleID("ippool-ip-number")
  static let reclaimID = RuleID("ippool-reclaim")
  static let conflictID = RuleID("subnet-or-pool")

  /// What an installation allows, and has beside.
  public struct World {
    /// What an installation allows.
    public let settings: ChoiceSettings
    /// The subnet of a name.
    public let find: (String) -> SubnetFacts?
    /// All subnets' names, for suggestions.
    public let names: () -> [String]

    /// A world from its parts.
    public init(
      settings: ChoiceSettings, find: @escaping (String) -> SubnetFacts?, names: @escaping () -> [String]
    ) {
      self.settings = settings
      self.find = find
      self.names = names
    }
  }

  /// What was understood.
  public struct Reading {
    /// nil when something is wrong.
    public let request: AutomaticPoolRequest?
    /// What is wrong.
    public let errors: [FieldError]
    /// What is passed over, as path and sentence.
    public let notes: [(path: FieldPath, text: String)]
  }

  private let annotations: AutomaticAnnotations
  private let metadata: FieldPath
  private let world: World
  private let isFixed: Bool
  private var mistakes = Mistakes()
  private var notes: [(path: FieldPath, text: String)] = []
  private var subnetsLeft: [String: String] = [:]

  /// Reads annotations that stand in the metadata at this path.
  /// - Parameter isFixed: whether only a fixed number of addresses makes sense there.
  public static func read(
    _ annotations: AutomaticAnnotations, at metadata: FieldPath = .metadata, isFixed: Bool = false,
    in world: World
  ) -> Reading {
    var reader = SubnetAnnotation(
      annotations: annotations, metadata: metadata, world: world, isFixed: isFixed)
    return reader.read()
  }

  private init(annotations: AutomaticAnnotations, metadata: FieldPath, world: World, isFixed: Bool) {
    self.annotations = annotations
    self.metadata = metadata
    self.world = world
    self.isFixed = isFixed
  }

  private mutating func read() -> Reading {
    let size = readSize()
    let reclaims = readReclaim()
    let site = annotations.subnets.map(subnetsSite) ?? subnetSite(annotations.subnet ?? "")
    if annotations.namesPools {
      let detail =
        "pools are named beside it by \(SpiderAPI.Annotation.pool) or \(SpiderAPI.Annotation.pools); "
        + "write one of both: a subnet for a pool of the application's own, or pools"
      mistakes.add(site.mistake("", detail, Self.conflictID))
    }
    if !world.settings.makesPools {
      let detail =
        "automatic pools are switched off in this cluster; name pools by \(SpiderAPI.Annotation.pool)"
      mistakes.add(site.mistake("", detail, Self.conflictID))
    }
    let requests =
      annotations.subnets.map { PoolAnnotation.readInterfaces($0, site, needsNames: true, &mistakes) }
      ?? PoolAnnotation.readSubnet(annotations.subnet ?? "", site, &mistakes)
    var pools: [AutomaticPoolRequest.Pool] = []
    for request in requests where !mistakes.isFull {
      pools += self.pools(of: request, site)
    }
    let request = AutomaticPoolRequest(pools: pools, size: size, reclaims: reclaims)
    return Reading(
      request: mistakes.errors.isEmpty ? request : nil, errors: mistakes.errors, notes: notes)
  }

  // MARK: numbers and truth values

  private mutating func readSize() -> PoolSize {
    guard let text = annotations.number else { return world.settings.defaultPoolSize }
    if let fault = Self.fault(inNumber: text, at: metadata, isFixed: isFixed) { mistakes.add(fault) }
    return PoolSize(text) ?? world.settings.defaultPoolSize
  }

  /// What is wrong with a number of addresses in the metadata at this path; nil when nothing is.
  /// - Parameter isFixed: whether only a fixed one makes sense there.
  public static func fault(inNumber text: String, at metadata: FieldPath, isFixed: Bool) -> FieldError? {
    if PoolSize(text) != nil { return nil }
    let site = AnnotationSite(
      key: SpiderAPI.Annotation.poolIPNumber, holder: .pod(text: text), example: isFixed ? "5" : "+1",
      format: numberID, metadata: metadata)
    let relative = isFixed ? "" : ", or + and how many more than replicas"
    return site.malformed("", "must be a number of addresses\(relative), at most \(PoolSize.limit)")
  }

  private mutating func readReclaim() -> Bool {
    guard let text = annotations.reclaim else { return true }
    switch text {
    // The literals of Go's strconv.ParseBool.
    case "1", "t", "T", "true", "TRUE", "True": return true
    case "0", "f", "F", "false", "FALSE", "False": return false
    default:
      let site = AnnotationSite(
        key: SpiderAPI.Annotation.poolReclaim, holder: .pod(text: text), example: "false",
        format: Self.reclaimID, metadata: metadata)
      mistakes.add(site.malformed("", "must be true or false"))
      return true
    }
  }

  // MARK: subnets

  private func subnetSite(_ text: String) -> AnnotationSite {
    AnnotationSite(
      key: SpiderAPI.Annotation.subnet, holder: .pod(text: text),
      example: #"{"ipv4":["subnet-a"],"ipv6":["subnet-b"]}"#, format: Self.format, noun: "subnet",
      metadata: metadata)
  }

  private func subnetsSite(_ text: String) -> AnnotationSite {
    AnnotationSite(
      key: SpiderAPI.Annotation.subnets, holder: .pod(text: text),
      example: #"[{"interface":"eth0","ipv4":["subnet-a"]},{"interface":"net1","ipv4":["subnet-b"]}]"#,
      format: Self.format, noun: "subnet", metadata: metadata)
  }

  private mutating func pools(
    of request: InterfaceRequest, _ site: AnnotationSite
  ) -> [AutomaticPoolRequest.Pool] {
    let interface = request.name ?? "eth0"
    if PoolAnnotation.fault(inInterface: interface) == nil, let fault = LabelSyntax.fault(inValue: interface)
    {
      let detail = "\(GoText.quoted(interface)) becomes a label of the pool: \(fault)"
      mistakes.add(site.mistake(request.place.member("interface").text, detail, PoolAnnotation.interfaceID))
    }
    let allowed = request.lists.filter { world.settings.allows($0.family) }
    if allowed.isEmpty, let off = request.lists.first?.family {
      let detail = "names \(off) subnets only, and \(off) is switched off in this cluster"
      mistakes.add(site.mistake(request.place.text, detail, PoolChoice.familyOffID))
    }
    return allowed.compactMap { list in
      subnet(of: list, site).map { .init(interface: interface, family: list.family, subnet: $0) }
    }
  }

  /// The first name of a list: as Spiderpool does, a pool is cut from one subnet.
  private mutating func subnet(of list: PoolList, _ site: AnnotationSite) -> String? {
    guard let name = list.names.first, !name.isEmpty else { return nil }
    let place = list.place.entry(0)
    if list.names.count > 1 {
      notes.append(
        (
          metadata.child("annotations").key(site.key.description),
          "\(list.place.text): a pool is cut from one subnet; \(GoText.quoted(name)) is taken, the others are passed over"
        )
      )
    }
    guard let facts = world.find(name) else {
      let same = world.names().filter { world.find($0)?.family == list.family }
      let suggestion = NameSuggestion.text(for: name, among: same.sorted(), what: "\(list.family) subnet")
      mistakes.add(
        site.mistake(place, "there is no SpiderSubnet \(GoText.quoted(name)); \(suggestion)", Self.unknownID))
      return nil
    }
    if facts.isTerminating {
      mistakes.add(
        site.mistake(
          place, "SpiderSubnet \(GoText.quoted(name)) is being deleted; name another one", Self.unknownID))
      return nil
    }
    if let family = facts.family, family != list.family {
      let detail =
        "\(GoText.quoted(name)) is an \(family) subnet; name it among the \(family) subnets, "
        + "and an \(list.family) subnet here"
      mistakes.add(site.mistake(place, detail, Self.familyID))
      return nil
    }
    if let first = subnetsLeft.updateValue(place, forKey: name) {
      let detail =
        "\(GoText.quoted(name)) stands at \(first) already; each interface takes a subnet of its own"
      mistakes.add(site.mistake(place, detail, Self.duplicateID))
      return nil
    }
    return name
  }
}
