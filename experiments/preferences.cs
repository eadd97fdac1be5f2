// Whether what the papers of objectives for text claim shows on small models: on stories260k, which others trained, (a) preferences, where what a girl has shall be red and what a boy
// has blue, and (b) conditional training, where stories of her score more than stories of him; and (c) unlikelihood, against the repetitions of a model of novels.
//
//   dotnet run -c Release experiments/preferences.cs -- MODEL NOVELIST TEXTS -o OUT [--stories 1600] [--judged 100] [--epochs 8]
//
// MODEL is stories260k, NOVELIST the base that adapters.cs leaves in its OUT/base/model, and TEXTS holds books.jsonl.gz, which that was trained on. Stories are the model's own: there
// are --stories to learn from, and others stand for all other text. The tables are written to OUT/preferences.md.
#:project ../src/Coppice.Adapters/Coppice.Adapters.csproj
#:property PublishAot=false
#:property TreatWarningsAsErrors=false
#:property GenerateDocumentationFile=false
#:property RunAnalyzers=false
using System.Globalization;
using System.Text;
using Coppice.Adapters;
using Coppice.Evaluation;
using Coppice.Inference;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Training.Objectives;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args.Length < 3) throw new ArgumentException("usage: preferences.cs MODEL NOVELIST TEXTS -o OUT");
var output = Path.GetFullPath(Option("-o") ?? throw new ArgumentException("-o OUT is missing"));
var (learned, judged, epochs) = (int.Parse(Option("--stories") ?? "1600"), int.Parse(Option("--judged") ?? "100"), int.Parse(Option("--epochs") ?? "8"));
using var backend = Backends.Create();
using var opened = new AdaptBase(ModelDirectory.Load(args[0], backend), Tokenizer.Load(args[0]), null);
using var novelist = new AdaptBase(ModelDirectory.Load(args[1], backend), Tokenizer.Load(args[1]), null);
// The seeds of the stories that are measured on are those from 0 on.
List<TaskExample> otherText = [.. Stories(opened.Model, 40, first: 0).Select(story => Document([opened.Tokenizer.BeginOfText!.Value, .. story.Tokens]))];
var perplexity = Perplexity(opened.Model, otherText);
var report = new StringBuilder();
var claims = new StringBuilder("| method | against | claim | it holds with | measured | holds |\n| --- | --- | --- | --- | ---: | --- |\n");
Preferences();
Conditional();
Repetitions();
report.AppendLine("## What the papers say").AppendLine().Append(claims);
Directory.CreateDirectory(output);
File.WriteAllText(Path.Combine(output, "preferences.md"), report.ToString());
Console.WriteLine(report);

// The last names are judged by alone. Rates up to where the answers of other names are preferred.
void Preferences()
{
    string[] girls = ["Lily", "Mia", "Sue", "Amy", "Anna", "Lucy", "Sara", "Jane", "Emma", "Mary", "Kate", "Daisy"];
    string[] boys = ["Tim", "Tom", "Ben", "Max", "Sam", "Bob", "Jack", "John", "Joe", "Billy", "Fred", "Mark"];
    string[] things = ["ball", "box", "car", "toy", "hat", "bike"];
    var (training, validation, test) = (Pairs(..8), Pairs(8..9), Pairs(9..));
    report.AppendLine("## Preferences").AppendLine();
    report.AppendLine($"{training.Count} pairs of answers to learn from, {test.Count} with other names to judge by; {otherText.Count} stories that the model itself wrote stand for all other text.");
    report.AppendLine("The rate of each method is the lowest of four at which more than 95 % of the answers are preferred that are drawn of two further names, or else the best.").AppendLine();
    report.AppendLine("| | rate | the preferred answer is drawn | perplexity of other text |").AppendLine("| --- | ---: | ---: | ---: |");
    report.AppendLine($"| stories260k | | {Chosen(opened.Model, test):P1} | {perplexity:0.000} |");
    var measured = new Dictionary<string, (double Chosen, double Perplexity)>();
    foreach (var task in new[] { "dpo", "ipo", "simpo", "orpo", "kto" })
    {
        // kto reads the same answers one by one.
        TaskData data = task == "kto"
            ? new TaskData<JudgedAnswer>([.. training.SelectMany(pair => new[] { new JudgedAnswer(pair.Prompt, pair.Chosen, true, pair.Where), new JudgedAnswer(pair.Prompt, pair.Rejected, false, pair.Where) })])
            : new TaskData<PreferencePair>(training);
        // The margin that ipo aims at is 1 / (2 beta).
        var section = new TaskSection { Name = task, Beta = task switch { "ipo" => 0.1, "dpo" or "kto" => 0.5, _ => 0 } };
        var tried = new List<(double Rate, double Validation, double Chosen, double Perplexity)>();
        foreach (var rate in new[] { 5e-4, 1e-3, 2e-3, 4e-3 }.TakeWhile(_ => tried.Count == 0 || tried[^1].Validation <= 0.95))
        {
            using var adaptation = Trained(opened, "lora", section, data, rate);
            tried.Add((rate, Chosen(adaptation.Model, validation), Chosen(adaptation.Model, test), Perplexity(adaptation.Model, otherText)));
        }

        var best = tried.MaxBy(one => one.Validation);
        measured[task] = (best.Chosen, best.Perplexity);
        report.AppendLine($"| {task} | {best.Rate:0.#e0} | {best.Chosen:P1} | {best.Perplexity:0.000} |");
    }

    report.AppendLine();
    Claim("dpo", "stories260k", "a preference is learned without a model of rewards", "at least {0:0} points", 40, "{0:+0.0;-0.0;0.0}", 100 * (measured["dpo"].Chosen - Chosen(opened.Model, test)));
    Claim("dpo", "stories260k", "and other text stays as it was", "at most {0:0.00} of its perplexity", 1.05, "{0:0.000}", measured["dpo"].Perplexity / perplexity, atMost: true);
    foreach (var (task, says) in new[] { ("ipo", "without the risk of overfitting: at dpo"), ("simpo", "without a reference: at dpo"), ("orpo", "without a reference and along with the answers: at dpo"), ("kto", "from answers judged one by one: at dpo") })
        Claim(task, "dpo", says, "at least {0:0} points", -5, "{0:+0.0;-0.0;0.0}", 100 * (measured[task].Chosen - measured["dpo"].Chosen));

    List<PreferencePair> Pairs(Range names) =>
    [
        .. from thing in things
           from child in girls[names].Select(name => (Text: $"{name} had a {thing}. She liked her {thing}.", Chosen: " red.", Rejected: " blue."))
               .Concat(boys[names].Select(name => (Text: $"{name} had a {thing}. He liked his {thing}.", Chosen: " blue.", Rejected: " red.")))
           select new PreferencePair($"{child.Text} The {thing} was", child.Chosen, child.Rejected, "made here"),
    ];

    double Chosen(LanguageModel model, List<PreferencePair> pairs) => PreferenceObjective.LogProbabilities(model, PreferenceRendering.Pairs(pairs, opened.Tokenizer, null, 128).Examples)
        .Average(both => 1 / (1 + Math.Exp(both[1] - both[0])));
}

// The score of a story is the share of her words among hers and his. The model learns all stories behind their marks, and then writes behind either.
void Conditional()
{
    var stories = Stories(opened.Model, learned, first: 1_000_000);
    using var adaptation = Trained(
        opened, "full", new TaskSection { Name = "conditional", Threshold = 0.5 }, new TaskData<ScoredText>([.. stories.Select(story => new ScoredText(story.Text, Score(story), "made here"))]), rate: 5e-4);
    var (good, bad) = (new ConditionalTraining(opened.Tokenizer, 0.5), new ConditionalTraining(opened.Tokenizer, 0.5, good: ConditionalTraining.Misaligned, bad: ConditionalTraining.Aligned));
    var (before, behindGood, behindBad) = (Written(opened.Model, []), Written(adaptation.Model, good.Prompt("")), Written(adaptation.Model, bad.Prompt("")));
    var unmarked = Perplexity(adaptation.Model, otherText);
    report.AppendLine("## Conditional training").AppendLine();
    report.AppendLine($"{stories.Count} stories, of which {stories.Average(story => Score(story) >= 0.5 ? 1 : 0):P1} are good ones. {judged} others score {before:P1} as the model was, and afterwards {behindGood:P1} behind the");
    report.AppendLine($"mark of good ones and {behindBad:P1} behind the other. The perplexity of other text without a mark is {unmarked:0.000}, and was {perplexity:0.000}.").AppendLine();
    Claim("conditional", "stories260k", "behind the mark of good texts, better ones are written", "at least {0:0} points", 10, "{0:+0.0;-0.0;0.0}", 100 * (behindGood - before));
    Claim("conditional", "the other mark", "and what was bad is kept apart", "at least {0:0} points", 10, "{0:+0.0;-0.0;0.0}", 100 * (behindGood - behindBad));
    Claim("conditional", "stories260k", "text without a mark stays as it was", "at most {0:0.00} of its perplexity", 1.05, "{0:0.000}", unmarked / perplexity, atMost: true);

    double Written(LanguageModel model, int[] prompt) => Stories(model, judged, first: 2_000_000, prompt).Average(Score);

    static double Score(GenerationResult story)
    {
        var words = story.Text.ToLowerInvariant().Split(' ', '.', ',', '!', '?', '"', '\n');
        var (hers, his) = (words.Count(word => word is "she" or "her"), words.Count(word => word is "he" or "his" or "him"));
        return hers + his == 0 ? 0.5 : (double)hers / (hers + his);
    }
}

// Passages of novels, once with unlikelihood and once without; then the likeliest continuations of other passages' first words.
void Repetitions()
{
    const int Prompt = 16;
    const int Length = 100;
    var passages = UnlabelledText.Read(Path.Combine(args[2], "books.jsonl.gz")).Where(chapter => chapter.Text.Length > 1000).Select(chapter => chapter.Text[500..850]).ToList();
    var (training, others) = (passages.Where((_, i) => i % 2 == 0).Take(400), passages.Where((_, i) => i % 2 == 1).Take(judged).Select(Tokens).ToList());
    List<TaskExample> text = [.. others.Select(Document)];
    var conversations = new TaskData<Conversation>([.. training.Select(passage => Conversation.Of(passage[..50], passage[50..], "made here"))]);
    var measured = new Dictionary<string, (double Repeated, double Perplexity)> { ["the base"] = (Repeated(novelist.Model), Perplexity(novelist.Model, text)) };
    foreach (var name in new[] { "likelihood", "unlikelihood" })
    {
        using var adaptation = Trained(novelist, "full", new TaskSection { Name = "sft" }, conversations, rate: 2e-4, name == "unlikelihood" ? _ => new UnlikelihoodObjective() : null);
        measured[name] = (Repeated(adaptation.Model), Perplexity(adaptation.Model, text));
    }

    report.AppendLine("## Repetition").AppendLine();
    report.AppendLine($"{conversations.Count} passages of novels to learn from; likeliest continuations of the first {Prompt} tokens of {others.Count} others by {Length} tokens.").AppendLine();
    report.AppendLine("| | 4-grams that were there before | perplexity of other passages |").AppendLine("| --- | ---: | ---: |");
    report.AppendLine($"| the others themselves | {Repetition.Measure(others).Repeated:P1} | |");
    foreach (var (name, of) in measured) report.AppendLine($"| {name} | {of.Repeated:P1} | {of.Perplexity:0.0} |");
    report.AppendLine();
    Claim("unlikelihood", "likelihood", "on tokens alone, it takes a third of the repetitions away", "at most {0:0.00} of its repetitions", 0.67, "{0:0.000}", measured["unlikelihood"].Repeated / measured["likelihood"].Repeated, atMost: true);
    Claim("unlikelihood", "likelihood", "at hardly any cost", "at most {0:0.00} of its perplexity", 1.03, "{0:0.000}", measured["unlikelihood"].Perplexity / measured["likelihood"].Perplexity, atMost: true);

    double Repeated(LanguageModel model)
    {
        using var generator = new TextGenerator(model, novelist.Tokenizer);
        return Repetition.Measure(others.Select(tokens => generator.Generate(tokens[..Prompt], new GenerationOptions { MaxTokens = Length, Temperature = 0 }).Tokens)).Repeated!.Value;
    }

    int[] Tokens(string passage)
    {
        var tokens = new List<int>();
        novelist.Tokenizer.Encode(passage, tokens);
        return [.. tokens.Take(novelist.Model.Configuration.MaxPositions)];
    }
}

Adaptation Trained(AdaptBase model, string method, TaskSection task, TaskData data, double rate, Func<IObjective, IObjective>? wrap = null)
{
    var usual = AdaptRecipe.For(method);
    var recipe = usual with
    {
        Task = task, Adapter = method == "full" ? usual.Adapter : usual.Adapter with { Targets = [TargetPattern.AllLinear] }, Optimizer = usual.Optimizer with { LearningRate = rate },
        Training = usual.Training with { Epochs = epochs, BatchSize = 16 },
    };
    var adaptation = Adaptation.Prepare(model, recipe, data, null, wrap);
    adaptation.Train();
    return adaptation;
}

List<GenerationResult> Stories(LanguageModel model, int count, int first, int[]? prompt = null)
{
    using var generator = new TextGenerator(model, opened.Tokenizer);
    var options = new GenerationOptions { MaxTokens = 200, Temperature = 1, TopP = 1 };
    return [.. Enumerable.Range(first, count).Select(seed => prompt is { Length: > 0 } ? generator.Generate(prompt, options with { Seed = (ulong)seed }) : generator.Generate("", options with { Seed = (ulong)seed }))];
}

TaskExample Document(int[] tokens) => new([new TaskDocument(tokens[..^1], tokens[1..], [.. tokens.Skip(1).Select(_ => 1f)])], "made here");

double Perplexity(LanguageModel model, List<TaskExample> text)
{
    using var evaluator = new TaskEvaluator(model);
    return Math.Exp(evaluator.Loss(new SupervisedObjective(), text));
}

void Claim(string method, string against, string says, string holds, double bar, string format, double measured, bool atMost = false) => claims.AppendLine(
    $"| {method} | {against} | {says} | {string.Format(holds, bar)} | {string.Format(format, measured)} | {((atMost ? measured <= bar : measured >= bar) ? "yes" : "no")} |");

string? Option(string name) => Array.IndexOf(args, name) is var place and >= 0 ? args[place + 1] : null;
