using Coppice.Corpus;
using Coppice.Corpus.Selection;
using Coppice.Evaluation;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;
using Coppice.Training.Data;
using Coppice.Training.Loop;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;
using Coppice.Training.Recipes;

namespace Coppice.Continual.Ablation;

/// <summary>
/// Tells which of two corpora is the better one by training: the same small model, for the same tokens with the same tokenizer, on each, from several seeds; then bits per byte of texts that are in
/// neither. What a small model shows of a corpus (junk, repetition, the wrong domain) holds for larger ones more often than not.
/// </summary>
[Technique("data-ablation", Title = "A Pretrainer's Guide to Training Data: Measuring the Effects of Data Age, Domain Coverage, Quality, & Toxicity", Paper = "arXiv:2305.13169")]
public static class CorpusComparer
{
    private const int VocabularySize = 2048;
    private const long TokenizerCharacters = 4_000_000;
    private const long FewestTokens = 1 << 17, MostPlannedTokens = 1 << 23;

    // English has some four and a half characters a token of a small vocabulary, at most.
    private const long SampleCharacters = 40_000_000, CharactersPerToken = 5;

    // Above, what a corpus lacks in size shows more than what it is worth.
    private const double ManyEpochs = 4;

    // 0.6 million parameters: enough to learn words and short syntax in a minute, small enough for three seeds of two corpora.
    private static readonly Recipe Small = new()
    {
        Model = new ModelSection { Layers = 4, Heads = 4, HiddenSize = 96 },
        Training = new TrainingSection { BatchSize = 8, SequenceLength = 128 },
        Optimizer = new OptimizerSection { LearningRate = 4e-3 },
    };

    /// <summary>Compares.</summary>
    /// <param name="request">What to compare.</param>
    /// <param name="cancellation">Stops.</param>
    /// <exception cref="CoppiceException">There is no text on a side or to measure on, or an option is out of range.</exception>
    public static CorpusComparison Run(CorpusComparisonRequest request, CancellationToken cancellation)
    {
        if (request.Seeds < 1 || request.Seeds > SeedsAndDocuments.MostSeeds) throw CoppiceException.Usage($"{request.Seeds} seeds: 1 to {SeedsAndDocuments.MostSeeds} are expected");
        if (request.Evaluations.Count == 0) throw CoppiceException.Usage("there is no text to measure on: name one that is in neither corpus");
        var texts = request.Evaluations.Select(path => (Name: path, Sample([path], SampleCharacters, cancellation).Documents)).ToList();
        var held = texts.SelectMany(text => text.Documents).Select(document => ContentHash.Of(document.Text)).ToHashSet();
        var seen = new HashSet<UInt128>();
        var sampled = Math.Max(SampleCharacters, request.Tokens * CharactersPerToken);
        var corpora = new[] { request.A, request.B }.Select(paths =>
        {
            request.Progress($"reading {string.Join(", ", paths)}");
            return Sample(paths, sampled, cancellation, hash => _ = held.Contains(hash) && seen.Add(hash)).Documents;
        }).ToList();
        if (seen.Count > 0) request.Notice(FormattableString.Invariant($"{seen.Count:N0} of {held.Count:N0} documents to measure on are in a corpus too, and are left out"));

        request.Progress("making the tokenizer");
        var tokenizer = MakeTokenizer(request, corpora, cancellation);
        var passages = texts.Select(text => EvaluationPassages.Of(text.Name, text.Documents.Where(document => !seen.Contains(ContentHash.Of(document.Text))), tokenizer)).ToList();
        var stores = corpora.Select(documents => TokenStore.InMemory(WeightedDocuments.Repeat(documents, seed: 0), tokenizer)).ToList();
        var recipe = (Small with { Training = Small.Training with { Threads = request.Threads, Steps = 1 } }).Resolve();
        var configuration = ModelFactory.Configure(recipe.Model, tokenizer);
        var tokens = request.Tokens > 0 ? request.Tokens : PlannedTokens(request, configuration, recipe);
        recipe = recipe with { Training = recipe.Training with { Steps = 0, Tokens = tokens } };
        recipe = recipe with { Schedule = recipe.Schedule with { WarmupSteps = recipe.Training.TotalSteps / 20 } };
        request.Notice(FormattableString.Invariant($"{2 * request.Seeds} models of {tokenizer.VocabularySize:N0} tokens' vocabulary, trained on {recipe.Training.TotalSteps * recipe.Training.TokensPerStep:N0} tokens each"));
        return Compare(request, recipe, configuration, stores, passages, cancellation);
    }

    private static DocumentSample Sample(IReadOnlyList<string> paths, long characters, CancellationToken cancellation, Action<UInt128>? passed = null) =>
        DocumentSample.Read(new CorpusPipeline([.. paths.Select(path => new CorpusInput(path))], [new DropEmpty()]).Run(new CorpusReport(), cancellation), characters, passed);

    private static CorpusComparison Compare(
        CorpusComparisonRequest request, Recipe recipe, ModelConfiguration configuration, List<TokenStore> stores, List<IReadOnlyList<TokenSequence>> passages, CancellationToken cancellation)
    {
        // [sides][texts][seeds, passages]
        var scores = stores.Select(_ => passages.Select(_ => new List<IReadOnlyList<DocumentScore>>()).ToList()).ToList();
        using var backend = Backends.Create(request.Threads);
        using var model = configuration.Create(backend);
        var epochs = new double[stores.Count];
        for (var seed = 1; seed <= request.Seeds; seed++)
        {
            for (var side = 0; side < stores.Count; side++)
            {
                var title = FormattableString.Invariant($"model {2 * (seed - 1) + side + 1} of {2 * request.Seeds}");
                epochs[side] = Train(model, recipe, stores[side], (ulong)seed, share => request.Progress(FormattableString.Invariant($"{title}: {100 * share:0} %")), cancellation);
                using var scorer = new DocumentScorer(model);
                for (var text = 0; text < passages.Count; text++) scores[side][text].Add(scorer.Score(passages[text], cancellation));
            }
        }

        for (var side = 0; side < stores.Count; side++)
        {
            if (epochs[side] > ManyEpochs) request.Notice(FormattableString.Invariant($"warning: corpus {"AB"[side]} was gone through {epochs[side]:0.#} times: its size counts beside its worth; compare for fewer tokens"));
        }

        return new CorpusComparison(
            model.Parameters.Count, configuration.VocabularySize, recipe.Training.TotalSteps * recipe.Training.TokensPerStep, epochs[0], epochs[1],
            [.. passages.Select((_, text) => SeedsAndDocuments.Compare(request.Evaluations[text], scores[0][text], scores[1][text]))]);
    }

    // The same seed gives both sides the same initial weights.
    private static double Train(LanguageModel model, Recipe recipe, TokenStore store, ulong seed, Action<double> progress, CancellationToken cancellation)
    {
        model.Initialize(seed);
        var training = recipe.Training;
        var sampler = new SequenceSampler([new SamplerSource("corpus", store)], training.SequenceLength, seed);
        using var trainer = new Trainer(model, new CausalObjective(), OptimizerRegistry.Create(model.Parameters, recipe.Optimizer), seed);
        var (schedule, batch, skipped) = (recipe.CreateSchedule(), new PackedBatch(), 0);
        for (var step = 0L; step < training.TotalSteps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            sampler.Next(batch, training.BatchSize);
            var result = trainer.ComputeGradients([batch], step);
            if (result.IsFinite) trainer.Apply(result, schedule.LearningRate(step, step * training.TokensPerStep));
            else if (++skipped > training.MaxSkippedSteps) throw new CoppiceException($"the training diverged: {skipped} steps were no finite numbers");
            progress((step + 1.0) / training.TotalSteps);
        }

        return sampler.Epochs(0);
    }

    private static Tokenizer MakeTokenizer(CorpusComparisonRequest request, List<IReadOnlyList<Document>> corpora, CancellationToken cancellation)
    {
        if (request.Tokenizer.Length > 0) return Tokenizer.Load(request.Tokenizer);
        // As much of each side, so that neither has words of its own broken more often.
        var texts = corpora.SelectMany(documents => Beginning(documents, Math.Min(TokenizerCharacters, corpora.Min(side => side.Sum(document => (long)document.Text.Length)))));
        return BpeTrainer.Train(texts, new BpeTrainerOptions { VocabularySize = VocabularySize, Threads = request.Threads == 0 ? Environment.ProcessorCount : request.Threads, Cancellation = cancellation });
    }

    private static IEnumerable<string> Beginning(IReadOnlyList<Document> documents, long characters)
    {
        foreach (var document in documents)
        {
            if (characters <= 0) yield break;
            yield return DocumentSample.Beginning(document.Text, characters);
            characters -= document.Text.Length;
        }
    }

    // A power of two, so that a machine that is a little slower today compares the same.
    private static long PlannedTokens(CorpusComparisonRequest request, ModelConfiguration configuration, Recipe recipe)
    {
        request.Progress("measuring the machine's speed");
        var tokens = SpeedProbe.TokensPerSecond(configuration, recipe, TimeSpan.FromSeconds(2)) * 60 * request.Minutes / (2 * request.Seeds);
        return Math.Clamp(1L << (int)Math.Log2(Math.Max(1, tokens)), FewestTokens, MostPlannedTokens);
    }
}
