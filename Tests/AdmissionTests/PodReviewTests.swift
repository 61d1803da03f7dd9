import IPAM
import JSON
import KubernetesAPI
import Synchronization
import Testing

@testable import Admission

/// A reviewer that gives Pods addresses, and one Pod on its way through both reviews.
private struct PodWorld {
  let book: AddressBook
  let reviewer: Reviewer
  var now = World.now

  init(_ book: AddressBook = AddressBook()) throws {
    self.book = book
    let ids = Counter()
    let pods = PodAdmission(book: book, signer: TestSigner()) { ids.next() }
    reviewer = Reviewer(directory: PoolDirectory(), pods: pods)
    try store("a", ips: "10.6.0.1-10.6.0.3")
  }

  func store(_ name: String, ips: String, spec: String = "") throws {
    let object = World.object(
      "SpiderIPPool", name, #"{"ipVersion":4,"subnet":"10.6.0.0/16","ips":["\#(ips)"]\#(spec)}"#)
    var parser = JSONParser()
    try parser.parse(Array(object.utf8)) { view in _ = book.upsert(SpiderIPPool(view), now: now) }
  }

  func review(
    _ phase: Phase, _ object: String, as operation: String = "CREATE", old: String = "null",
    dryRun: Bool = false
  ) -> ReviewOutcome {
    let text = """
      {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"\(World.nextUID())","kind":{"group":\
      "","version":"v1","kind":"Pod"},"resource":{"group":"","version":"v1","resource":"pods"},"namespace":"default",\
      "operation":"\(operation)","object":\(object),"oldObject":\(old),"dryRun":\(dryRun)}}
      """
    var parser = JSONParser()
    return reviewer.review(Array(text.utf8), parser: &parser, phase: phase, now: now)
  }

  func bind(_ phase: Phase, _ object: String) -> ReviewOutcome {
    let text = """
      {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"\(World.nextUID())","kind":{"group":\
      "","version":"v1","kind":"Binding"},"resource":{"group":"","version":"v1","resource":"pods"},"subResource":\
      "binding","name":"web-x","namespace":"default","operation":"CREATE","object":\(object),"oldObject":null}}
      """
    var parser = JSONParser()
    return reviewer.review(Array(text.utf8), parser: &parser, phase: phase, now: now)
  }

  /// A Pod of a ReplicaSet, before it has a name. `annotations` holds members with a comma in front.
  static func pod(
    _ pools: String = #"{\"ipv4\":[\"a\"]}"#, uid: String = "", name: String = "", annotations: String = ""
  )
    -> String
  {
    let named = name.isEmpty ? "" : #""name":"\#(name)","uid":"\#(uid)","#
    return """
      {"metadata":{\(named)"generateName":"web-","namespace":"default","ownerReferences":[{"apiVersion":"apps/v1",\
      "kind":"ReplicaSet","name":"web","uid":"rs","controller":true}],"annotations":{"ipam.spidernet.io/ippool":\
      "\(pools)"\(annotations)}},"spec":{}}
      """
  }

  /// The annotations that an answer adds, as members with a comma in front.
  static func added(_ outcome: ReviewOutcome) throws -> String {
    let patch = try #require(Answer(outcome).patch)
    var parser = JSONParser()
    return try parser.parse(patch) { view in
      view.elements.map { operation in
        let key = operation["path"]?.string?.replacing("/metadata/annotations/", with: "").replacing(
          "~1", with: "/")
        var writer = JSONWriter()
        writer.value(operation["value"]?.string ?? "")
        return ",\"\(key ?? "")\":\(String(decoding: writer.bytes, as: UTF8.self))"
      }.joined()
    }
  }
}

private final class Counter: Sendable {
  private let count = Atomic(0)

  func next() -> UInt128 { UInt128(count.add(1, ordering: .relaxed).newValue) }
}

@Suite struct PodReviewTests {
  @Test func `reserves an address, tells it, and has it bound to the Pod that comes of it`() throws {
    let world = try PodWorld()
    let reserved = world.review(.mutate, PodWorld.pod())
    let annotations = try PodWorld.added(reserved)
    #expect(annotations.contains(#"\"ipv4\":\"10.6.0.1/16\""#))
    let validated = world.review(.validate, PodWorld.pod(uid: "u1", name: "web-x", annotations: annotations))
    #expect(Answer(validated).isAllowed)
    let order = try #require(validated.binding)
    #expect(order.pod == PodKey(namespace: "default", name: "web-x"))
    #expect(order.grants.map { "\($0.pool) \($0.address)" } == ["a 10.6.0.1"])
    try world.book.bind(order, now: world.now)
    #expect(world.book.standing(of: order, in: "a") == .waiting)
  }

  @Test func `answers a review that is asked again about one creation by nothing new`() throws {
    let world = try PodWorld()
    let annotations = try PodWorld.added(world.review(.mutate, PodWorld.pod()))
    let again = Answer(world.review(.mutate, PodWorld.pod(annotations: annotations)))
    #expect(again.isAllowed && again.patch == nil)
    // So does another replica, which hears of the reservation by its token.
    let other = Answer(try PodWorld().review(.mutate, PodWorld.pod(annotations: annotations)))
    #expect(other.isAllowed && other.patch == nil)
  }

  @Test func `gives a copy of a Pod an address of its own`() throws {
    let world = try PodWorld()
    let annotations = try PodWorld.added(world.review(.mutate, PodWorld.pod()))
    let first = world.review(.validate, PodWorld.pod(uid: "u1", name: "web-x", annotations: annotations))
    try world.book.bind(try #require(first.binding), now: world.now)
    let copied = try PodWorld.added(world.review(.mutate, PodWorld.pod(annotations: annotations)))
    #expect(copied.contains(#"10.6.0.2/16"#))
  }

  @Test(arguments: [
    #","ipam.spidernet.io/allocation":"[]","ipam.spidernet.io/reservation":"v1.9.9.9""#,
    #","ipam.spidernet.io/allocation":"[{\"interface\":\"eth0\",\"ipv4\":\"10.6.0.1/16\",\"ipv4Pool\":\"a\"}]""#,
    #","ipam.spidernet.io/reservation":"x""#,
  ])
  func `refuses annotations that were written by hand`(annotations: String) throws {
    let answer = Answer(
      try PodWorld().review(.validate, PodWorld.pod(uid: "u", name: "web-x", annotations: annotations)))
    #expect(!answer.isAllowed && answer.status?.code == 422)
    #expect(
      answer.causes.count == 1
        && answer.causes[0].hasPrefix("metadata.annotations[ipam.spidernet.io/allocation]"))
  }

  @Test func `refuses a token of another Pod, and one whose time is over`() throws {
    var world = try PodWorld()
    let annotations = try PodWorld.added(world.review(.mutate, PodWorld.pod()))
    let stolen = PodWorld.pod(uid: "u", name: "web-x", annotations: annotations)
      .replacing("\"uid\":\"rs\"", with: "\"uid\":\"another\"")
    #expect(Answer(world.review(.validate, stolen)).status?.code == 422)
    world.now += 31_000
    let late = Answer(
      world.review(.validate, PodWorld.pod(uid: "u", name: "web-x", annotations: annotations)))
    #expect(late.status?.code == 503)
  }

  @Test func `refuses a Pod that should have addresses and was not given any`() throws {
    let answer = Answer(try PodWorld().review(.validate, PodWorld.pod(uid: "u", name: "web-x")))
    #expect(answer.status?.code == 503)
    #expect(answer.status?.message.contains("mutating webhook was not asked") == true)
  }

  @Test func `lets nobody change the annotations of a living Pod`() throws {
    let world = try PodWorld()
    let annotations = try PodWorld.added(world.review(.mutate, PodWorld.pod()))
    let old = PodWorld.pod(uid: "u", name: "web-x", annotations: annotations)
    #expect(Answer(world.review(.validate, old, as: "UPDATE", old: old)).isAllowed)
    let changed = Answer(
      world.review(.validate, old.replacing("10.6.0.1", with: "10.6.0.2"), as: "UPDATE", old: old))
    #expect(changed.causes.count == 1 && changed.causes[0].contains("stays as it is"))
    let removed = Answer(
      world.review(.validate, PodWorld.pod(uid: "u", name: "web-x"), as: "UPDATE", old: old))
    #expect(removed.causes.count == 2)
  }

  @Test func `keeps nothing of a dry run, and warns of what it would be`() throws {
    let world = try PodWorld()
    let dry = Answer(world.review(.mutate, PodWorld.pod(), dryRun: true))
    #expect(dry.isAllowed && dry.patch == nil)
    #expect(
      dry.warnings == [
        "metadata.annotations[ipam.spidernet.io/allocation]: dry run: would hold 10.6.0.1 of a"
      ])
    #expect(world.review(.validate, PodWorld.pod(uid: "u", name: "web-x"), dryRun: true).binding == nil)
    #expect(try PodWorld.added(world.review(.mutate, PodWorld.pod())).contains("10.6.0.1/16"))
  }

  @Test func `says why no pool has an address, and remembers who was refused`() throws {
    let world = try PodWorld()
    try world.store("closed", ips: "10.6.9.1", spec: #","disable":true"#)
    for _ in 0..<3 { #expect(Answer(world.review(.mutate, PodWorld.pod())).isAllowed) }
    let answer = Answer(world.review(.mutate, PodWorld.pod(#"{\"ipv4\":[\"closed\",\"a\"]}"#)))
    #expect(answer.status?.code == 403)
    #expect(
      answer.status?.message
        == "pods \"web-\" is forbidden: no IPv4 address for eth0: a is full: of 3 addresses 0 are used, 0 of them by "
        + "Pods not yet seen, and 3 are reserved for Pods being created")
    #expect(world.book.takeRefused(now: world.now).isEmpty)
    try world.store("a", ips: "10.6.0.1-10.6.0.4")
    #expect(world.book.takeRefused(now: world.now).map(\.name) == ["web"])
  }

  @Test func `leaves a Pod alone that names nothing, and takes copied annotations from it`() throws {
    let world = try PodWorld()
    let plain = #"{"metadata":{"name":"p","namespace":"default"},"spec":{}}"#
    let left = Answer(world.review(.mutate, plain))
    #expect(left.isAllowed && left.patch == nil)
    let copied = #"{"metadata":{"name":"p","annotations":{"ipam.spidernet.io/allocation":"x"}},"spec":{}}"#
    #expect(
      Answer(world.review(.mutate, copied)).patchText
        == #"[{"op":"remove","path":"/metadata/annotations/ipam.spidernet.io~1allocation"}]"#)
  }

  @Test func `gives a Pod whose pool depends on the node its address with the node`() throws {
    let world = try PodWorld()
    try world.store("here", ips: "10.6.5.1", spec: #","nodeName":["n1"]"#)
    let unplaced = PodWorld.pod(#"{\"ipv4\":[\"here\"]}"#, uid: "u1", name: "web-x")
    #expect(Answer(world.review(.mutate, unplaced)).patch == nil)
    #expect(Answer(world.review(.validate, unplaced)).isAllowed)
    let binding = { (node: String, annotations: String) in
      #"{"metadata":{"name":"web-x"\#(annotations)},"target":{"kind":"Node","name":"\#(node)"}}"#
    }
    // A Pod that was not seen may not be placed: whether it wants addresses is not known.
    #expect(Answer(world.bind(.validate, binding("n1", ""))).status?.code == 503)
    var parser = JSONParser()
    let seen = try parser.parse(Array(unplaced.utf8)) { PodSighting($0) }
    world.book.see(seen, now: world.now)
    #expect(Answer(world.bind(.mutate, binding("n2", ""))).status?.code == 422)
    let patch = Answer(world.bind(.mutate, binding("n1", ""))).patchText
    #expect(
      patch.hasPrefix(
        #"[{"op":"add","path":"/metadata/annotations","value":{"ipam.spidernet.io/allocation":"#))
    #expect(Answer(world.bind(.validate, binding("n1", ""))).status?.code == 503)
    let value = try parser.parse(Array(patch.utf8)) { view -> String in
      var writer = JSONWriter()
      if let value = view.element(0)?["value"] { writer.value(value) }
      return String(decoding: writer.bytes, as: UTF8.self)
    }
    let bound = world.bind(.validate, binding("n1", #","annotations":\#(value)"#))
    #expect(bound.binding?.grants.map { "\($0.pool) \($0.address)" } == ["here 10.6.5.1"])
    #expect(bound.binding?.uid == PodUID("u1"))
  }
}
