import Addressing
import JSON
import KubernetesAPI
import Testing

@testable import IPAM

@Suite struct `Mistakes in annotations` {
  private let poolExample = #"write ipam.spidernet.io/ippool: '{"ipv4":["pool-a"],"ipv6":["pool-b"]}'"#
  private let poolsExample =
    #"write ipam.spidernet.io/ippools: '[{"interface":"eth0","ipv4":["pool-a"]},{"interface":"net1","ipv4":["pool-b"]}]'"#
  private let routesExample = #"write ipam.spidernet.io/routes: '[{"dst":"10.7.0.0/16","gw":"10.6.0.1"}]'"#

  private func mistakes(
    _ annotations: [String: String], _ change: (inout ChoiceFixture) -> Void = { _ in }
  ) throws -> [FieldError] {
    var fixture = try ChoiceFixture(["pool-a": "", "pool-b": "", "six-a": ""])
    change(&fixture)
    guard case .refused(let errors) = try fixture.choose(annotations) else { return [] }
    return errors
  }

  @Test(arguments: [
    ("", "is not JSON: there is no JSON value"),
    ("{", "is not JSON: the document ends in the middle of a value"),
    (#"{"ipv4":["a"],"ipv4":["b"]}"#, "is not JSON: the key /ipv4 is there twice"),
    ("[]", "must be a JSON object"), ("null", "must be a JSON object"),
    ("{}", "names no pool: ipv4 and ipv6 are both missing or empty"),
    (#"{"ipv4":null,"ipv6":[]}"#, "names no pool: ipv4 and ipv6 are both missing or empty"),
    (#"{"ipv4":"pool-a"}"#, "ipv4: must be a list of pool names"),
    (#"{"ipv4":["pool-a",7]}"#, "ipv4[1]: must be the name of a pool"),
    (#"{"ipv4":["pool-a",""]}"#, "ipv4[1]: must be the name of a pool"),
  ])
  func `of form are told with an example, for one interface`(_ text: String, _ detail: String) throws {
    let errors = try mistakes(["ippool": text])
    #expect(errors.map(\.detail) == ["\(detail); \(poolExample)"])
    #expect(errors.map(\.path.description) == ["metadata.annotations[ipam.spidernet.io/ippool]"])
    #expect(errors.map(\.value) == [.string(text)])
    #expect(errors.map(\.kind) == [.invalid])
  }

  @Test(arguments: [
    ("{}", "must be a JSON array with one object for each interface"), ("[]", "names no interface"),
    ("[7]", "[0]: must be an object"),
    (#"[{"ipv4":["pool-a"]},{}]"#, "[1]: names no pool: ipv4 and ipv6 are both missing or empty"),
    (#"[{"ipv4":["pool-a"]},{"ipv6":[7]}]"#, "[1].ipv6[0]: must be the name of a pool"),
    (
      #"[{"ipv4":["pool-a"],"cleangateway":"true"}]"#,
      "[0].cleangateway: must be true or false, without quotes"
    ),
    (#"[{"ipv4":["pool-a"],"interface":0}]"#, "[0].interface: must be the name of an interface"),
  ])
  func `of form are told with an example, for several interfaces`(_ text: String, _ detail: String) throws {
    let errors = try mistakes(["ippools": text])
    #expect(errors.map(\.detail) == ["\(detail); \(poolsExample)"])
    #expect(errors.map(\.path.description) == ["metadata.annotations[ipam.spidernet.io/ippools]"])
  }

  @Test(arguments: [
    (
      #"[{"interface":"eth0","ipv4":["pool-a"]},{"ipv4":["pool-a"]}]"#,
      "[1].interface: is missing, while [0] has one; name all interfaces, or none"
    ),
    (
      #"[{"interface":"eth0","ipv4":["pool-a"]},{"interface":"eth0","ipv4":["pool-b"]}]"#,
      #"[1].interface: "eth0" stands at [0].interface already; name each interface once"#
    ),
    (
      #"[{"interface":"a/b","ipv4":["pool-a"]}]"#,
      #"[0].interface: "a/b" cannot name an interface: /, : and white space are not allowed"#
    ),
    (
      #"[{"interface":"a234567890123456","ipv4":["pool-a"]}]"#,
      #"[0].interface: "a234567890123456" is longer than the 15 bytes an interface's name may have"#
    ),
    (
      #"[{"ipv4":["pool-a","pool-b","pool-a"]}]"#,
      #"[0].ipv4[2]: "pool-a" stands at [0].ipv4[0] already; name each pool once"#
    ),
    (#"[{"ipv4":["pool-c"]}]"#, #"[0].ipv4[0]: there is no pool "pool-c"; did you mean pool-a or pool-b?"#),
    (#"[{"ipv6":["pol-a","other"]}]"#, nil),
    (
      #"[{"ipv4":["other"]}]"#,
      #"[0].ipv4[0]: there is no pool "other"; the IPv4 pools are pool-a, pool-b"#
    ),
    (
      #"[{"ipv4":["six-a"]}]"#,
      #"[0].ipv4[0]: "six-a" is an IPv6 pool; name it among the IPv6 pools, and an IPv4 pool here"#
    ),
    (#"[{"ipv4":["six*"]}]"#, #"[0].ipv4: no IPv4 pool matches "six*"; the IPv4 pools are pool-a, pool-b"#),
    (
      #"[{"ipv4":["pool-a","*["]}]"#,
      #"[0].ipv4[1]: "*[" has a [ without its ]; write a pattern such as "web-*""#
    ),
  ])
  func `of meaning are told at their place`(_ text: String, _ detail: String?) throws {
    let errors = try mistakes(["ippools": text])
    if let detail {
      #expect(errors.map(\.detail) == [detail])
    } else {
      #expect(errors.count == 2)
    }
  }

  @Test func `are all collected`() throws {
    let errors = try mistakes([
      "ippools":
        #"[{"interface":"eth0","ipv4":["none",1],"cleangateway":3},{"ipv4":["six-a"]},{"ipv6":["six-a"]}]"#,
      "routes": #"[{"dst":"10.7.0.0/16"},{"dst":"x","gw":"fd00::1"}]"#,
    ])
    #expect(errors.count == 8)
    #expect(Set(errors.map(\.path.description)).count == 2)
  }

  @Test func `of the namespace are told at the namespace`() throws {
    let errors = try mistakes([:]) { fixture in
      fixture.namespace = NamespaceFacts(annotations: [
        "ipam.spidernet.io/default-ipv4-ippool": #"["pool-a","none"]"#,
        "ipam.spidernet.io/default-ipv6-ippool": "six-a",
      ])
    }
    #expect(
      errors.map(\.description) == [
        #"metadata.namespace: Invalid value: "shop": the namespace's annotation ipam.spidernet.io/default-ipv6-ippool: "#
          + "is not JSON: unexpected byte at offset 0; "
          + #"write ipam.spidernet.io/default-ipv6-ippool: '["pool-a","pool-b"]'"#,
        #"metadata.namespace: Invalid value: "shop": the namespace's annotation ipam.spidernet.io/default-ipv4-ippool: "#
          + #"[1]: there is no pool "none"; the IPv4 pools are pool-a, pool-b"#,
      ])
  }

  @Test func `in one of the namespace's lists alone are no reason to pass it over`() throws {
    let errors = try mistakes([:]) { fixture in
      fixture.namespace = NamespaceFacts(annotations: ["ipam.spidernet.io/default-ipv4-ippool": "{}"])
    }
    #expect(errors.count == 1 && errors[0].rule == RuleID("namespace-pool-annotation"))
  }

  @Test(arguments: [
    ("{}", "must be a JSON array of routes"), ("[7]", "[0]: must be an object with dst and gw"),
    (#"[{"gw":"10.6.0.1"}]"#, "[0].dst: must be the destination network, a text"),
    (#"[{"dst":"10.7.0.0/16","gw":null}]"#, "[0].gw: must be the address of the next hop, a text"),
    (#"[{"dst":"10.7.0.0","gw":"10.6.0.1"}]"#, #"[0].dst: "10.7.0.0" has no prefix length, such as /24"#),
    (#"[{"dst":"10.7.0.0/16","gw":"10.6.0.300"}]"#, #"[0].gw: "10.6.0.300" has a number above 255"#),
  ])
  func `in routes are told with an example`(_ text: String, _ detail: String) throws {
    let errors = try mistakes(["ippool": #"{"ipv4":["pool-a"]}"#, "routes": text])
    #expect(errors.map(\.detail) == ["\(detail); \(routesExample)"])
    #expect(errors.map(\.path.description) == ["metadata.annotations[ipam.spidernet.io/routes]"])
  }

  @Test func `in routes of two families are told`() throws {
    let routes = #"[{"dst":"10.7.0.0/16","gw":"fd00::1"}]"#
    let errors = try mistakes(["ippool": #"{"ipv4":["pool-a"]}"#, "routes": routes])
    #expect(
      errors.map(\.detail) == [
        "[0].gw: fd00::1 is an IPv6 address, and the destination IPv4; write an IPv4 address"
      ])
  }

  @Test func `are bounded, and so is what is read`() throws {
    func list(_ item: (Int) -> String, _ count: Int) -> String {
      (0..<count).map(item).joined(separator: ",")
    }
    let unknown = try mistakes(["ippool": #"{"ipv4":[\#(list({ "\"x\($0)\"" }, 200))]}"#])
    #expect(unknown.count == Mistakes.limit)
    let names = try mistakes(["ippool": #"{"ipv4":[\#(list({ "\"x\($0)\"" }, 300))]}"#])
    #expect(names.contains { $0.rule == RuleID("pool-annotation-size") })
    let patterns = try mistakes(["ippool": #"{"ipv4":[\#(list({ "\"p*\($0)\"" }, 40))]}"#])
    #expect(patterns.contains { $0.detail.hasSuffix("at most 32 patterns are possible") })
    let interfaces = try mistakes(["ippools": "[\(list({ _ in "{}" }, 33))]"])
    #expect(interfaces.map(\.detail) == ["names 33 interfaces; at most 32 are possible"])
    let routes = try mistakes(["ippool": #"{"ipv4":["pool-a"]}"#, "routes": "[\(list({ _ in "{}" }, 257))]"])
    #expect(routes.map(\.detail) == ["holds 257 routes; at most 256 are possible"])
    let long = try mistakes(["ippool": String(repeating: " ", count: 70_000)])
    #expect(long.count == 1 && long[0].detail.hasPrefix("is not JSON: more than 65536 bytes"))
  }
}
