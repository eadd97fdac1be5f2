// Makes the language model that comes with Coppice, and says how good it is. A tenth of the sentences, chosen by a hash of their text, is never learned from.
//
//   dotnet run -c Release experiments/languages.cs -- SENTENCES.jsonl.gz [-o src/Coppice.Corpus/Language/languages.bin] [--buckets 15] [--step 0.25] [--smoothing 0.1]
//
// Each line of SENTENCES is {"text": ..., "language": ...}. Without -o nothing is written.
#:project ../src/Coppice.Corpus/Coppice.Corpus.csproj
#:property PublishAot=false
#:property GenerateDocumentationFile=false
#:property RunAnalyzers=false
using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using Coppice.Corpus;
using Coppice.Corpus.Language;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var options = new LanguageTrainingOptions();
options = options with
{
    BucketBits = int.Parse(Option("--buckets") ?? $"{options.BucketBits}"),
    Step = double.Parse(Option("--step") ?? $"{options.Step}"),
    Smoothing = double.Parse(Option("--smoothing") ?? $"{options.Smoothing}"),
};
using var lines = new StreamReader(new GZipStream(File.OpenRead(args[0]), CompressionMode.Decompress));
var (learned, heldOut) = (new List<(string Language, string Text)>(), new List<(string Language, string Text)>());
while (lines.ReadLine() is { } line)
{
    using var sentence = JsonDocument.Parse(line);
    var text = sentence.RootElement.GetProperty("text").GetString()!;
    (ContentHash.Of(text) % 10 == 0 ? heldOut : learned).Add((sentence.RootElement.GetProperty("language").GetString()!, text));
}

var trainer = new LanguageModelTrainer(options);
foreach (var (language, text) in learned) trainer.Add(language, text);
var model = trainer.Train();
if (Option("-o") is { } path)
{
    model.Save(path);
    Console.WriteLine($"{path}: {new FileInfo(path).Length:N0} bytes");
    model = LanguageIdentifier.Load(path);
}

Report("as they are", text => text);
Report("upper case", text => text.ToUpperInvariant());
Report("first 40 characters", text => Beginning(text, 40));
Report("first 20 characters", text => Beginning(text, 20));
Report("first 10 characters", text => Beginning(text, 10));
var whole = Report("accents apart (NFD)", text => text.Normalize(System.Text.NormalizationForm.FormD));
Console.WriteLine("worst languages: " + string.Join(", ", whole.ByLanguage.OrderBy(language => language.Value).Take(12).Select(language => $"{language.Key} {language.Value:P0}")));
Console.WriteLine("confusions: " + string.Join(", ", whole.Confusions.Take(16).Select(pair => $"{pair.Language} for {pair.TakenFor} {pair.Texts}")));

var seconds = new List<double>();
for (var round = 0; round < 7; round++)
{
    var start = Stopwatch.GetTimestamp();
    foreach (var (_, text) in heldOut) model.Identify(text);
    seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
}

seconds.Sort();
Console.WriteLine($"{heldOut.Count / seconds[3]:N0} sentences a second on one thread ({heldOut.Average(sentence => sentence.Text.Length):N0} characters each)");

string? Option(string name) => Array.IndexOf(args, name) is var place and >= 0 ? args[place + 1] : null;

string Beginning(string text, int length)
{
    var end = text.Length <= length ? -1 : text.IndexOf(' ', length);
    return end < 0 ? text[..Math.Min(text.Length, 2 * length)] : text[..end];
}

LanguageEvaluation Report(string kind, Func<string, string> change)
{
    var evaluation = new LanguageEvaluation(model);
    var (wrong, squares) = (0.0, 0.0);
    foreach (var (language, text) in heldOut)
    {
        evaluation.Add(language, change(text));
        var guess = model.Identify(change(text));
        (wrong, squares) = (wrong + (1 - guess.Score), squares + Math.Pow(guess.Score - (guess.Language == language ? 1 : 0), 2));
    }

    Console.WriteLine($"{kind,-22} right {evaluation.Accuracy,7:P2} of {evaluation.Texts:N0}; expected by its own scores {1 - wrong / heldOut.Count,7:P2}; Brier score {squares / heldOut.Count:F4}");
    return evaluation;
}
