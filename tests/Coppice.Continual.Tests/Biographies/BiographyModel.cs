using Coppice.Corpus;
using Coppice.Evaluation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Training.Loop;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;
using Coppice.Training.Recipes;
using Coppice.Training.Schedules;

namespace Coppice.Continual.Tests.Biographies;

/// <summary>
/// A model of half a million parameters that reads whole documents of a <see cref="SyntheticWorld"/> and is asked for facts. It computes on one thread, so
/// that several can be trained side by side.
/// </summary>
internal sealed class BiographyModel : IDisposable
{
    public const int BatchTokens = 1024;

    private readonly Tokenizer _tokenizer;
    private readonly Backend _backend = Backends.Create(threads: 1);
    private readonly LanguageModel _model;

    public BiographyModel(Tokenizer tokenizer)
    {
        _tokenizer = tokenizer;
        _model = new LlamaConfiguration
        {
            Family = "llama", VocabularySize = tokenizer.VocabularySize, HiddenSize = 96, Layers = 3, Heads = 3, KeyValueHeads = 3, HeadSize = 32,
            IntermediateSize = 288, MaxPositions = 256, TieEmbeddings = true, InitializerRange = 0.05f, BeginOfText = tokenizer.BeginOfText, EndOfText = tokenizer.EndOfText,
        }.Create(_backend);
        _model.Initialize(seed: 0);
    }

    public BiographyModel Copy()
    {
        var copy = new BiographyModel(_tokenizer);
        copy._model.Parameters.Values.CopyFrom(_model.Parameters.Values);
        return copy;
    }

    /// <summary>Reads documents, each time through in another order.</summary>
    /// <param name="documents">What is new.</param>
    /// <param name="replayed">What is read again between them.</param>
    /// <param name="replayShare">The share of the tokens that come from there.</param>
    /// <param name="steps">Updates, with an optimizer that begins anew.</param>
    /// <param name="schedule">The learning rate.</param>
    /// <param name="afterStep">Told the number of steps done.</param>
    public void Read(
        IEnumerable<Document> documents, IEnumerable<Document> replayed, double replayShare, int steps, ISchedule schedule, Action<int>? afterStep = null)
    {
        using var trainer = new Trainer(_model, new CausalObjective(), OptimizerRegistry.Create(_model.Parameters, new OptimizerSection()), seed: 0);
        using var main = Forever(Encode(documents), seed: 1).GetEnumerator();
        using var replay = Forever(Encode(replayed), seed: 2).GetEnumerator();
        var batch = new PackedBatch();
        var (tokens, replayedTokens) = (0L, 0L);
        for (var step = 0; step < steps; step++)
        {
            for (batch.Clear(); batch.Count < BatchTokens;)
            {
                var again = replayedTokens < replayShare * tokens;
                var source = again ? replay : main;
                source.MoveNext();
                var document = source.Current;
                batch.Add(document.AsSpan(0, document.Length - 1), document.AsSpan(1), Enumerable.Repeat(1f, document.Length - 1).ToArray());
                tokens += document.Length;
                if (again) replayedTokens += document.Length;
            }

            trainer.Apply(trainer.ComputeGradients([batch], step), schedule.LearningRate(step, tokens: 0));
            afterStep?.Invoke(step + 1);
        }
    }

    /// <summary>Asks for facts: known is what greedy decoding writes. (Ranking 40 candidates for each would take longer than the training.)</summary>
    public FactEvaluation Ask(IEnumerable<ClozeFact> facts)
    {
        using var evaluator = new FactEvaluator(_model, _tokenizer);
        return evaluator.Evaluate([.. facts.Select(fact => fact with { Candidates = [] })]);
    }

    public void Dispose()
    {
        _model.Dispose();
        _backend.Dispose();
    }

    private List<int[]> Encode(IEnumerable<Document> documents) => [.. documents.Select(document =>
    {
        List<int> ids = [_tokenizer.BeginOfText!.Value];
        _tokenizer.Encode(document.Text, ids);
        return (int[])[.. ids, _tokenizer.EndOfText!.Value];
    })];

    private static IEnumerable<int[]> Forever(List<int[]> documents, int seed)
    {
        var (random, order) = (new Random(seed), documents.ToArray());
        while (true)
        {
            random.Shuffle(order);
            foreach (var document in order) yield return document;
        }
    }
}
