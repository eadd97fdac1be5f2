// A model that is brought up to date year by year: a weekly newsletter about a programming language. The first years are trained on; then each year is an update of the
// model of the year before, with defaults. Every model is judged on an eighth of every year that no model ever saw.
//
//   dotnet run experiments/years.cs -- rust-weekly.jsonl.gz -o OUT
//
// What is in OUT already is not computed again: an interrupted run goes on. Build first: dotnet build -c Release. The table is written to OUT/table.md.
#:property PublishAot=false
#:property TreatWarningsAsErrors=false
#:property GenerateDocumentationFile=false
#:property RunAnalyzers=false
using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

const int LastOfBase = 2016;
const int HeldOutEvery = 8;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var text = args.FirstOrDefault() ?? throw new ArgumentException("usage: years.cs rust-weekly.jsonl.gz -o OUT");
var output = Path.GetFullPath(args[Array.IndexOf(args, "-o") + 1]);
var experiments = Path.GetDirectoryName(SourcePath())!;
var coppice = Path.Combine(experiments, "..", "artifacts", "bin", "Coppice.Cli", "release", "coppice.dll");
var clock = Stopwatch.StartNew();
Directory.CreateDirectory(output);

var years = Split();
var models = new List<(int Year, string Run, bool Accepted)>();
var run = Path.Combine(output, $"{LastOfBase}");
if (!File.Exists(Path.Combine(run, "model", "coppice.json")))
{
    var paths = string.Join(", ", years.Where(year => year <= LastOfBase).Select(year => $"{{name: '{year}', paths: ['{Path.Combine(output, $"{year}.train.jsonl")}']}}"));
    Coppice(["pretrain", Path.Combine(experiments, "years-base.yaml"), "-o", run, "--set", $"data.sources=[{paths}]"]);
}

models.Add((LastOfBase, run, true));
foreach (var year in years.Where(year => year > LastOfBase))
{
    var (parent, next) = (run, Path.Combine(output, $"{year}"));
    if (!File.Exists(Path.Combine(next, "update.json")))
    {
        if (Directory.Exists(next)) Directory.Delete(next, recursive: true);
        Coppice(["update", parent, "-o", next, "--set", $"data.sources=[{{name: '{year}', paths: ['{Path.Combine(output, $"{year}.train.jsonl")}']}}]", "--set", "evaluation.memorisation=false", "--set", "evaluation.points=8"]);
    }

    var accepted = JsonDocument.Parse(File.ReadAllText(Path.Combine(next, "update.json"))).RootElement.GetProperty("accepted").GetBoolean();
    models.Add((year, next, accepted));
    // What is refused is not built upon.
    if (accepted) run = next;
}

// Two at a time: loading and starting keep one core busy each.
var matrix = models.AsParallel().AsOrdered().WithDegreeOfParallelism(2).Select(model => Measure(model.Run, Path.Combine(model.Run, model.Accepted ? "model" : "candidate"))).ToList();
var report = new StringBuilder();
report.AppendLine($"| model of | {string.Join(" | ", years)} |");
report.AppendLine($"| --- | {string.Concat(Enumerable.Repeat("---: | ", years.Count))}");
for (var i = 0; i < models.Count; i++) report.AppendLine($"| {models[i].Year}{(models[i].Accepted ? "" : ", refused")} | {string.Join(" | ", years.Select(year => (year == models[i].Year ? "**" : "") + matrix[i][year].ToString("0.000") + (year == models[i].Year ? "**" : "")))} |");
report.AppendLine();
report.AppendLine("| update to | the year itself, change % | worst earlier year, change % | mean of the earlier years, change % | against the model of the base on this year % |");
report.AppendLine("| --- | ---: | ---: | ---: | ---: |");
for (var i = 1; i < models.Count; i++)
{
    var before = matrix[Enumerable.Range(0, i).Last(j => models[j].Accepted)];
    var earlier = years.Where(year => year < models[i].Year).Select(year => 100 * (matrix[i][year] / before[year] - 1)).ToList();
    var year = models[i].Year;
    report.AppendLine($"| {year} | {100 * (matrix[i][year] / before[year] - 1):+0.00;-0.00} | {earlier.Max():+0.00;-0.00} | {earlier.Average():+0.00;-0.00} | {100 * (matrix[i][year] / matrix[0][year] - 1):+0.00;-0.00} |");
}

report.AppendLine().AppendLine($"{clock.Elapsed.TotalMinutes:0.0} minutes in this run.");
File.WriteAllText(Path.Combine(output, "table.md"), report.ToString());
Console.WriteLine(report);

List<int> Split()
{
    var issues = new SortedDictionary<int, List<(string Date, string Text)>>();
    using (var lines = new StreamReader(new GZipStream(File.OpenRead(text), CompressionMode.Decompress)))
    {
        while (lines.ReadLine() is { } line)
        {
            var issue = JsonDocument.Parse(line).RootElement;
            var date = issue.GetProperty("date").GetString()!;
            var year = int.Parse(date[..4]);
            if (!issues.TryGetValue(year, out var list)) issues[year] = list = [];
            list.Add((date, issue.GetProperty("text").GetString()!));
        }
    }

    foreach (var (year, list) in issues)
    {
        var ordered = list.OrderBy(issue => issue.Date, StringComparer.Ordinal).Select((issue, i) => (issue.Text, HeldOut: i % HeldOutEvery == HeldOutEvery / 2)).ToList();
        Write(Path.Combine(output, $"{year}.train.jsonl"), ordered.Where(issue => !issue.HeldOut));
        Write(Path.Combine(output, $"{year}.held-out.jsonl"), ordered.Where(issue => issue.HeldOut));
    }

    return [.. issues.Keys];

    static void Write(string path, IEnumerable<(string Text, bool)> texts) => File.WriteAllLines(path, texts.Select(issue => JsonSerializer.Serialize(new { text = issue.Text })));
}

Dictionary<int, double> Measure(string run, string model)
{
    var path = Path.Combine(run, "held-out.json");
    if (!File.Exists(path)) File.WriteAllText(path, Coppice(["evaluate", model, "--data", .. years.Select(year => Path.Combine(output, $"{year}.held-out.jsonl"))]));
    return JsonDocument.Parse(File.ReadAllText(path)).RootElement.GetProperty("sources").EnumerateArray().ToDictionary(
        source => int.Parse(Path.GetFileName(source.GetProperty("name").GetString()!)[..4]), source => source.GetProperty("bits_per_byte").GetDouble());
}

string Coppice(string[] arguments)
{
    Console.Error.WriteLine($"{clock.Elapsed.TotalMinutes,5:0.0} min  coppice {string.Join(' ', arguments.Select(argument => argument.Replace(output, "OUT")))}");
    var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
    foreach (var argument in (string[])[coppice, .. arguments, "--json"]) start.ArgumentList.Add(argument);
    using var process = Process.Start(start)!;
    var errors = process.StandardError.ReadToEndAsync();
    var printed = process.StandardOutput.ReadToEnd();
    process.WaitForExit();
    // 3: the gate said no. The candidate is measured all the same.
    if (process.ExitCode is not (0 or 3)) throw new InvalidOperationException($"exit code {process.ExitCode}\n{errors.Result}{printed}");
    return printed;
}

static string SourcePath([CallerFilePath] string path = "") => path;
