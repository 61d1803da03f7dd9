import Addressing
import JSON
import KubernetesAPI
import Testing

@testable import IPAM

@Suite struct `Mistakes in annotations about subnets` {
  private let subnetExample =
    #"write ipam.spidernet.io/subnet: '{"ipv4":["subnet-a"],"ipv6":["subnet-b"]}'"#
  private let subnetsExample =
    #"write ipam.spidernet.io/subnets: '[{"interface":"eth0","ipv4":["subnet-a"]},{"interface":"net1","ipv4":["subnet-b"]}]'"#

  @Test(arguments: [
    ("", "is not JSON: there is no JSON value"),
    ("{", "is not JSON: the document ends in the middle of a value"),
    (#"{"ipv4":["alpha"],"ipv4":["beta"]}"#, "is not JSON: the key /ipv4 is there twice"),
    ("[]", "must be a JSON object"), ("null", "must be a JSON object"),
    ("{}", "names no subnet: ipv4 and ipv6 are both missing or empty"),
    (#"{"ipv4":null,"ipv6":[]}"#, "names no subnet: ipv4 and ipv6 are both missing or empty"),
    (#"{"ipv4":"alpha"}"#, "ipv4: must be a list of subnet names"),
    (#"{"ipv4":[7]}"#, "ipv4[0]: must be the name of a subnet"),
    (#"{"ipv4":[""]}"#, "ipv4[0]: must be the name of a subnet"),
    (#"{"ipv4":["alpha"],"interface":1}"#, "interface: must be the name of an interface"),
  ])
  func `of form are told with an example, for one interface`(_ text: String, _ detail: String) throws {
    let reading = try SubnetScene().read(["subnet": text])
    #expect(reading.request == nil)
    #expect(reading.errors.map(\.detail) == ["\(detail); \(subnetExample)"])
    #expect(reading.errors.map(\.path.description) == ["metadata.annotations[ipam.spidernet.io/subnet]"])
    #expect(reading.errors.map(\.value) == [.string(text)])
    #expect(reading.errors.map(\.rule) == [RuleID("subnet-annotation")])
  }

  @Test(arguments: [
    ("{}", ["must be a JSON array with one object for each interface"]),
    ("null", ["must be a JSON array with one object for each interface"]),
    ("[]", ["names no interface"]), ("[7]", ["[0]: must be an object"]),
    (
      #"[{"interface":"eth0","ipv4":["alpha"]},{"interface":"net1"}]"#,
      ["[1]: names no subnet: ipv4 and ipv6 are both missing or empty"]
    ),
    (#"[{"interface":"eth0","ipv6":[{}]}]"#, ["[0].ipv6[0]: must be the name of a subnet"]),
    (#"[{"ipv4":["alpha"]},{"ipv4":["beta"]}]"#, ["[0]: has no interface", "[1]: has no interface"]),
  ])
  func `of form are told with an example, for several interfaces`(_ text: String, _ details: [String]) throws
  {
    let errors = try SubnetScene().read(["subnets": text]).errors
    #expect(errors.map(\.detail) == details.map { "\($0); \(subnetsExample)" })
    #expect(
      Set(errors.map(\.path.description)) == ["metadata.annotations[ipam.spidernet.io/subnets]"])
  }

  @Test(arguments: ["", #""interface":"","#, #""interface":null,"#])
  func `are told once where one of several interfaces has no name`(_ interface: String) throws {
    let text = #"[{"interface":"eth0","ipv4":["alpha"]},{\#(interface)"ipv4":["beta"]}]"#
    #expect(try SubnetScene().details(["subnets": text]) == ["[1]: has no interface; \(subnetsExample)"])
  }

  @Test(arguments: [
    ("alpa", "ipv4", #"ipv4[0]: there is no SpiderSubnet "alpa"; did you mean alpha?"#),
    ("other", "ipv4", #"ipv4[0]: there is no SpiderSubnet "other"; the IPv4 subnets are alpha, beta, old"#),
    ("sevem", "ipv6", #"ipv6[0]: there is no SpiderSubnet "sevem"; did you mean seven?"#),
    ("alpha ", "ipv4", #"ipv4[0]: there is no SpiderSubnet "alpha "; did you mean alpha?"#),
    ("old", "ipv4", #"ipv4[0]: SpiderSubnet "old" is being deleted; name another one"#),
    (
      "alpha", "ipv6",
      #"ipv6[0]: "alpha" is an IPv4 subnet; name it among the IPv4 subnets, and an IPv6 subnet here"#
    ),
    (
      "six", "ipv4",
      #"ipv4[0]: "six" is an IPv6 subnet; name it among the IPv6 subnets, and an IPv4 subnet here"#
    ),
  ])
  func `in a name are told at its place`(_ name: String, _ family: String, _ detail: String) throws {
    #expect(try SubnetScene().details(["subnet": #"{"\#(family)":["\#(name)"]}"#]) == [detail])
  }

  @Test func `where there is no subnet at all say so`() throws {
    let scene = SubnetScene(subnets: [SubnetFacts(name: "alpha", family: .v4)])
    #expect(
      try scene.details(["subnet": #"{"ipv6":["six"]}"#]) == [
        #"ipv6[0]: there is no SpiderSubnet "six"; there is no IPv6 subnet yet"#
      ])
  }

  @Test(arguments: [
    (
      #"[{"interface":"eth0","ipv4":["alpha"]},{"interface":"eth0","ipv4":["beta"]}]"#,
      #"[1].interface: "eth0" stands at [0].interface already; name each interface once"#
    ),
    (
      #"[{"interface":"eth0","ipv4":["alpha"]},{"interface":"net1","ipv4":["alpha"]}]"#,
      #"[1].ipv4[0]: "alpha" stands at [0].ipv4[0] already; each interface takes a subnet of its own"#
    ),
    (
      #"[{"interface":"eth0","ipv4":["odd"],"ipv6":["odd"]}]"#,
      #"[0].ipv6[0]: "odd" stands at [0].ipv4[0] already; each interface takes a subnet of its own"#
    ),
    (
      #"[{"interface":"eth_","ipv4":["alpha"]}]"#,
      #"[0].interface: "eth_" becomes a label of the pool: a label value consists of letters, digits, -, _ and ., "#
        + "with a letter or digit at both ends"
    ),
    (
      #"[{"interface":"a/b","ipv4":["alpha"]}]"#,
      #"[0].interface: "a/b" cannot name an interface: /, : and white space are not allowed"#
    ),
    (
      #"[{"interface":"a234567890123456","ipv4":["alpha"]}]"#,
      #"[0].interface: "a234567890123456" is longer than the 15 bytes an interface's name may have"#
    ),
  ])
  func `among several interfaces are told once`(_ text: String, _ detail: String) throws {
    #expect(try SubnetScene().details(["subnets": text]) == [detail])
  }

  @Test(arguments: ["ippool", "ippools"])
  func `of naming a subnet and pools are told at the subnet`(_ key: String) throws {
    let errors = try SubnetScene().read(["subnet": #"{"ipv4":["alpha"]}"#, key: "{}"]).errors
    #expect(
      errors.map(\.detail) == [
        "pools are named beside it by ipam.spidernet.io/ippool or ipam.spidernet.io/ippools; "
          + "write one of both: a subnet for a pool of the application's own, or pools"
      ])
    #expect(errors.map(\.path.description) == ["metadata.annotations[ipam.spidernet.io/subnet]"])
  }

  @Test func `of naming a subnet where no pools are made are told`() throws {
    var scene = SubnetScene()
    scene.settings.makesPools = false
    let reading = try scene.read(["subnets": #"[{"ipv4":["alpha"]}]"#])
    #expect(reading.request == nil)
    #expect(
      reading.errors.map(\.detail) == [
        "automatic pools are switched off in this cluster; name pools by ipam.spidernet.io/ippool"
      ])
  }

  @Test func `of naming a family that is switched off alone are told`() throws {
    var scene = SubnetScene()
    scene.settings.allowsIPv6 = false
    #expect(
      try scene.details(["subnet": #"{"ipv6":["six"]}"#]) == [
        "names IPv6 subnets only, and IPv6 is switched off in this cluster"
      ])
    let several = #"[{"interface":"a","ipv4":["alpha"]},{"interface":"b","ipv6":["six"]}]"#
    #expect(
      try scene.details(["subnets": several]) == [
        "[1]: names IPv6 subnets only, and IPv6 is switched off in this cluster"
      ])
  }

  @Test func `are all collected`() throws {
    let errors = try SubnetScene().read([
      "subnet": #"{"ipv4":["none"],"ipv6":["alpha"]}"#, "ippool": "{}", "ippool-ip-number": "x",
      "ippool-reclaim": "x",
    ]).errors
    #expect(
      Set(errors.map(\.rule.description)) == [
        "ippool-ip-number", "ippool-reclaim", "subnet-or-pool", "subnet-unknown", "subnet-family",
      ])
    #expect(errors.count == 5)
  }

  @Test func `are bounded`() throws {
    let many = (0..<32).map { #"{"interface":"n\#($0)","ipv4":["x"],"ipv6":["y"]}"# }.joined(separator: ",")
    #expect(try SubnetScene().details(["subnets": "[\(many)]"]).count == Mistakes.limit)
    let interfaces = (0..<33).map { _ in "{}" }.joined(separator: ",")
    #expect(
      try SubnetScene().details(["subnets": "[\(interfaces)]"]) == [
        "names 33 interfaces; at most 32 are possible"
      ])
  }

  @Test func `in a template are told at its metadata`() throws {
    let template = FieldPath("spec").child("template").child("metadata")
    let scene = SubnetScene(metadata: template)
    let reading = try scene.read([
      "subnet": #"{"ipv4":["alpha","beta"],"ipv6":["none"]}"#, "ippool-ip-number": "x", "ippool-reclaim": "x",
    ])
    let path = "spec.template.metadata.annotations"
    #expect(
      reading.errors.map(\.path.description) == [
        "\(path)[ipam.spidernet.io/ippool-ip-number]", "\(path)[ipam.spidernet.io/ippool-reclaim]",
        "\(path)[ipam.spidernet.io/subnet]",
      ])
    #expect(reading.notes.map(\.path.description) == ["\(path)[ipam.spidernet.io/subnet]"])
  }
}
