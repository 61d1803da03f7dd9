internal import ArgumentParser
internal import TLS

struct CertsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "certs",
    abstract: "Make, check and renew the serving certificate.",
    discussion: """
      The folder holds ca.crt, ca.key, tls.crt and tls.key (Kubernetes' names), ECDSA P-256. ca.crt goes into the \
      webhook configurations' caBundle; tls.crt and tls.key are what serve reads.
      """,
    subcommands: [Issue.self, Check.self, Renew.self])

  /// Where the files are.
  struct Folder: ParsableArguments {
    @Option(help: "The folder of ca.crt, ca.key, tls.crt and tls.key.")
    var dir: String

    var certificates: CertificateDirectory { CertificateDirectory(dir) }
  }

  struct Issue: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a serving certificate, and an authority for it where there is none yet.")

    @OptionGroup var folder: Folder

    @Option(help: "A DNS name or address the server is reached by; may be repeated.")
    var host: [String] = ["localhost", "127.0.0.1", "::1"]

    @Option(help: "Days the authority is valid.")
    var authorityDays = 3650

    @Option(help: "Days the serving certificate is valid.")
    var days = 90

    func run() throws {
      let lifetimes = CertificateDirectory.Lifetimes(authorityDays: authorityDays, leafDays: days)
      try CertsCommand.report(folder.certificates) {
        () throws(TLSError) in try folder.certificates.issue(hosts: host, lifetimes: lifetimes)
      }
    }
  }

  struct Renew: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Replace the serving certificate by a new one of the same authority.")

    @OptionGroup var folder: Folder

    @Option(help: "A DNS name or address; may be repeated. None: the names of the present certificate.")
    var host: [String] = []

    @Option(help: "Days the serving certificate is valid.")
    var days = 90

    func run() throws {
      let lifetimes = CertificateDirectory.Lifetimes(leafDays: days)
      try CertsCommand.report(folder.certificates) {
        () throws(TLSError) in try folder.certificates.renew(hosts: host, lifetimes: lifetimes)
      }
    }
  }

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say what is wrong with the files, or soon will be; exit 1 if anything is.")

    @OptionGroup var folder: Folder

    @Option(help: "A name the certificate must cover; may be repeated.")
    var host: [String] = []

    @Option(help: "Warn when fewer days than this are left.")
    var warningDays = 30

    func run() throws {
      let findings = folder.certificates.check(
        hosts: host, warningDays: warningDays, now: currentUnixTime())
      for finding in findings { Console.output(finding.description) }
      if findings.isEmpty {
        Console.output("\(folder.dir): nothing to find fault with")
      } else {
        throw ExitStatus(.findings)
      }
    }
  }

  /// Does the work and says what came of it.
  private static func report(
    _ directory: CertificateDirectory, _ work: () throws(TLSError) -> CertificateDirectory.Outcome
  ) throws {
    do throws(TLSError) {
      let outcome = try work()
      if outcome.madeAuthority { Console.output("made the authority \(directory.authorityCertificateFile)") }
      let names = (outcome.leaf.dnsNames + outcome.leaf.ipAddresses).joined(separator: ", ")
      let days = outcome.leaf.daysLeft(now: currentUnixTime())
      Console.output("made \(directory.certificateFile) for \(names), valid for \(days) days")
    } catch {
      throw ExitStatus(.unreadable, "certs: \(error)")
    }
  }
}
