// Whether curation makes better text, by models: (a) newsletters as they are against newsletters without what they repeat, (b) novels with junk among them, three tenths
// of all text, against what a recipe leaves of that. Both sides train the same small model on as many tokens.
//
//   dotnet run experiments/curation.cs -- TEXTS -o OUT [--tokens 1048576] [--seeds 3]
//
// TEXTS holds rust-weekly.jsonl.gz, books.jsonl.gz, peps.jsonl.gz, dc-law.jsonl.gz and languages.jsonl.gz. What is in OUT already is not computed again. Build first:
// dotnet build -c Release. The table is written to OUT/table.md.
#:property PublishAot=false
#:property TreatWarningsAsErrors=false
#:property GenerateDocumentationFile=false
#:property RunAnalyzers=false
using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var texts = args.FirstOrDefault() ?? throw new ArgumentException("usage: curation.cs TEXTS -o OUT");
var output = Path.GetFullPath(Option("-o") ?? throw new ArgumentException("-o OUT is missing"));
var experiments = Path.GetDirectoryName(Path.GetFullPath(SourcePath()))!;
var coppice = Path.Combine(experiments, "..", "artifacts", "bin", "Coppice.Cli", "release", "coppice.dll");
var report = new StringBuilder();
Directory.CreateDirectory(output);

// By date: what is measured on was written after what is learned from.
var issues = Read("rust-weekly").OrderBy(issue => issue.Date, StringComparer.Ordinal).ToList();
var (learned, later) = (issues[..^HeldOutIssues], issues[^HeldOutIssues..]);
var known = learned.SelectMany(Lines).ToHashSet(StringComparer.Ordinal);
Write("newsletters", learned.Select(issue => issue.Text));
Write("later-prose", later.SelectMany(Prose));
Write("later-news", later.Select(issue => string.Join('\n', Lines(issue).Where(line => !known.Contains(line)))));
Write("later-issues", later.Select(issue => issue.Text));
Write("peps", Read("peps").Where(IsHeldOut).Select(proposal => proposal.Text));

var chapters = Read("books").ToList();
var novels = chapters.Where(chapter => !IsHeldOut(chapter)).Select(chapter => chapter.Text).ToList();
Write("held-out-chapters", chapters.Where(IsHeldOut).Select(chapter => chapter.Text));
Write("law", Read("dc-law").Where(IsHeldOut).Select(section => section.Text));
Write("junked-novels", Junked(novels));

Compare("newsletters", "curation-newsletters.yaml", ["later-news", "later-prose", "peps", "later-issues"]);
Compare("junked-novels", "curation-books.yaml", ["held-out-chapters", "law"]);
File.WriteAllText(Path.Combine(output, "table.md"), report.ToString());
Console.WriteLine(report);

void Compare(string raw, string recipe, string[] evaluations)
{
    var curated = Path.Combine(output, raw + "-curated");
    var built = JsonDocument.Parse(Coppice(["corpus", "build", At(raw), "-o", curated, "--recipe", Path.Combine(experiments, recipe), "--json"])).RootElement;
    var result = Path.Combine(output, raw + ".json");
    if (!File.Exists(result))
    {
        File.WriteAllText(result, Coppice(["corpus", "compare", At(raw), curated, "--eval", .. evaluations.Select(At), "--tokens", Option("--tokens") ?? "1048576", "--seeds", Option("--seeds") ?? "3", "--json"]));
    }

    var comparison = JsonDocument.Parse(File.ReadAllText(result)).RootElement.GetProperty("result");
    report.AppendLine($"## {raw} as they are (A) against curated (B)").AppendLine();
    report.AppendLine(
        $"{built.GetProperty("documents_in"):N0} documents, {built.GetProperty("bytes_in").GetInt64() / 1e6:0.0} MB; curated {built.GetProperty("documents_out"):N0}, {built.GetProperty("bytes_out").GetInt64() / 1e6:0.0} MB. "
        + $"{comparison.GetProperty("tokens").GetInt64():N0} tokens each: {comparison.GetProperty("epochs_a").GetDouble():0.00} and {comparison.GetProperty("epochs_b").GetDouble():0.00} epochs.").AppendLine();
    report.AppendLine("| measured on | A, bits per byte | B, bits per byte | B against A, % | 95 % interval | better |");
    report.AppendLine("| --- | ---: | ---: | ---: | ---: | --- |");
    foreach (var text in comparison.GetProperty("texts").EnumerateArray())
    {
        var (low, high) = (text.GetProperty("low").GetDouble(), text.GetProperty("high").GetDouble());
        report.AppendLine(
            $"| {Path.GetFileNameWithoutExtension(text.GetProperty("text").GetString())} | {text.GetProperty("a").GetDouble():0.000} | {text.GetProperty("b").GetDouble():0.000} | {text.GetProperty("change_percent").GetDouble():+0.00;-0.00} "
            + $"| {low:+0.00;-0.00} to {high:+0.00;-0.00} | {(high < 0 ? "curated" : low > 0 ? "as they are" : "can't tell")} |");
    }

    report.AppendLine();
}

// Junk of five kinds, as much of each, scattered among the chapters.
List<string> Junked(List<string> novels)
{
    var random = new Random(1);
    var share = (int)(novels.Sum(text => (long)text.Length) * JunkShare / (1 - JunkShare) / 5);
    var languages = Read("languages").Where(sentence => sentence.Language != "en").GroupBy(sentence => sentence.Language).Select(group => group.Select(sentence => sentence.Text).ToArray()).ToArray();
    var wrong = Encoding.Latin1;
    List<string> all =
    [
        .. novels,
        .. Until(share, () => string.Join(' ', random.GetItems(Pick(languages), 6))),
        .. Until(share, () => string.Join(random.Next(2) == 0 ? ", " : "\n", Enumerable.Range(0, 80).Select(_ => $"{Pick(Praise)} {Pick(Things)} {Pick(Places)}"))),
        .. Until(share, () => string.Join('\n', random.GetItems(Pages, 30))),
        .. Until(share, () => string.Join(' ', Enumerable.Range(0, 200).Select(i => i % 12 == 11 ? Pick(Lorem) + "." : Pick(Lorem)))),
        .. Until(share, () => Edited(Pick(novels))),
    ];
    random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(all));
    // Every tenth is read in the wrong encoding: characters that a repair can bring back.
    return [.. all.Select((text, i) => i % 10 == 0 ? wrong.GetString(Encoding.UTF8.GetBytes(text)) : text)];

    T Pick<T>(IReadOnlyList<T> of) => of[random.Next(of.Count)];

    List<string> Until(int characters, Func<string> make)
    {
        var made = new List<string>();
        for (var left = characters; left > 0; left -= made[^1].Length) made.Add(make());
        return made;
    }

    string Edited(string text) => string.Join(' ', text.Split(' ').Select(word => random.Next(20) == 0 ? Pick(Lorem) : word));
}

bool IsHeldOut(Document document) => SHA256.HashData(Encoding.UTF8.GetBytes(document.Text))[0] < 26;

IEnumerable<string> Lines(Document issue) => issue.Text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0);

// Paragraphs of sentences that no earlier issue has: no headings, no lists of links and meetings.
IEnumerable<string> Prose(Document issue) => issue.Text.Split("\n\n").Select(paragraph => paragraph.Trim().TrimStart('>', ' '))
    .Where(paragraph => paragraph.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length >= FewestWords
        && !paragraph.Split('\n').Any(line => line.TrimStart() is ['*' or '-' or '#' or '|' or '[', ' ' or '#' or '[' or '*', ..] || known.Contains(line.Trim())));

string At(string name) => Path.Combine(output, name + ".jsonl");

void Write(string name, IEnumerable<string> documents) => File.WriteAllLines(At(name), documents.Where(text => text.Length > 0).Select(text => JsonSerializer.Serialize(new { text })));

IEnumerable<Document> Read(string name)
{
    using var lines = new StreamReader(new GZipStream(File.OpenRead(Path.Combine(texts, name + ".jsonl.gz")), CompressionMode.Decompress));
    while (lines.ReadLine() is { } line) yield return JsonSerializer.Deserialize<Document>(line, JsonSerializerOptions.Web)!;
}

string Coppice(string[] arguments)
{
    Console.Error.WriteLine($"coppice {string.Join(' ', arguments.Select(argument => argument.Replace(output, "OUT")))}");
    var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
    foreach (var argument in (string[])[coppice, .. arguments]) start.ArgumentList.Add(argument);
    using var process = Process.Start(start)!;
    var printed = process.StandardOutput.ReadToEnd();
    process.WaitForExit();
    return process.ExitCode == 0 ? printed : throw new InvalidOperationException($"exit code {process.ExitCode}: {printed}");
}

string? Option(string name) => Array.IndexOf(args, name) is var place and >= 0 ? args[place + 1] : null;

static string SourcePath([System.Runtime.CompilerServices.CallerFilePath] string path = "") => path;

sealed record Document(string Text, string? Date, string? Language);

internal static partial class Program
{
    private const int HeldOutIssues = 60, FewestWords = 20;
    private const double JunkShare = 0.3;

    private static readonly string[] Things = ["car insurance", "running shoes", "payday loans", "used phones", "garden sheds", "flight tickets", "office chairs", "web hosting"];
    private static readonly string[] Praise = ["cheap", "best", "buy", "discount", "online", "top rated", "low price", "near me", "deals"];
    private static readonly string[] Places = ["London", "Chicago", "Leeds", "Boston", "Dallas", "Bristol", "Denver", "Glasgow"];

    private static readonly string[] Pages =
    [
        "Home", "About us", "Products", "Log in", "Register", "Basket (0)", "Contact", "Help", "Site map", "Privacy policy", "Terms of use", "Read more", "Show more", "Share this",
        "We use cookies to improve your experience.", "© 2021 Northfield Media Ltd. All rights reserved.", "Subscribe to our newsletter", "12 likes", "304 comments", "Follow us on Facebook",
        "Please enable JavaScript to view this page.", "You must be logged in to post a comment.", "Home | News | Sport | Weather", "Back to top", "Powered by WordPress",
    ];

    private static readonly string[] Lorem =
        ("lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna aliqua enim minim veniam quis nostrud exercitation "
        + "ullamco laboris nisi aliquip ex ea commodo consequat").Split(' ');
}
