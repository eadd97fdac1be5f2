using System.Buffers;
using System.Buffers.Binary;
using Coppice.Corpus;
using Coppice.Corpus.Selection;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;

namespace Coppice.Evaluation;

/// <summary>How <see cref="ModelLoss"/> scores and chooses.</summary>
public sealed record ModelLossOptions
{
    /// <summary>The model's directory.</summary>
    public required string Model { get; init; }

    /// <summary>The directory of the model whose bits per byte are subtracted, or null for none.</summary>
    public string? Reference { get; init; }

    /// <summary>The lowest score that is kept, or null for none.</summary>
    public double? Minimum { get; init; }

    /// <summary>The highest score that is kept, or null for none.</summary>
    public double? Maximum { get; init; }
}

/// <summary>
/// Gives each document the bits per byte that a language model needs for it, and drops what lies outside bounds. With a reference model the score is the difference of the two:
/// MiniPLM's difference sampling (see <see cref="DifferenceScorer"/>), in a unit that two models with different tokenizers have in common.
/// </summary>
/// <remarks>A score is a document's sketch, so that a later build asks the model about new documents only.</remarks>
[Technique("difference-sampling", Title = "MiniPLM: Knowledge Distillation for Pre-Training Language Models", Paper = "arXiv:2410.17215")]
public sealed class ModelLoss : ICorpusStep
{
    private const string Rule = "bits per byte";
    private readonly ModelLossOptions _options;
    private readonly ScoreBounds _bounds;
    private readonly Lazy<string> _version;
    private readonly Lock _gate = new();
    private Judge? _judge;

    /// <summary>Makes the step; no model is loaded before the first document comes.</summary>
    /// <param name="options">Which models, and the bounds.</param>
    public ModelLoss(ModelLossOptions options)
    {
        _options = options;
        _bounds = new ScoreBounds(Rule, options.Minimum, options.Maximum);
        _version = new Lazy<string>(() => $"{Rule} 1 {ModelDirectory.Fingerprint(options.Model)} {(options.Reference is { } reference ? ModelDirectory.Fingerprint(reference) : "alone")}");
    }

    /// <inheritdoc/>
    public string Name => "model-loss";

    /// <inheritdoc/>
    public string SketchVersion => _version.Value;

    /// <inheritdoc/>
    public Action<Document, IBufferWriter<byte>> BeginSketching() => (document, sketch) =>
    {
        // The models are in memory once, and each uses all cores for one document.
        lock (_gate)
        {
            _judge ??= new Judge(_options);
            BinaryPrimitives.WriteDoubleLittleEndian(sketch.GetSpan(sizeof(double)), _judge.Score(document));
            sketch.Advance(sizeof(double));
        }
    };

    /// <inheritdoc/>
    public void Decide(ISketchedCorpus corpus, IDecisions decisions, CancellationToken cancellation)
    {
        lock (_gate)
        {
            _judge?.Dispose();
            _judge = null;
        }

        foreach (var document in corpus.Documents)
        {
            cancellation.ThrowIfCancellationRequested();
            if (document.IsEarlier) continue;
            var score = BinaryPrimitives.ReadDoubleLittleEndian(document.Sketch.Span);
            if (_bounds.Beyond(score) is { } beyond) decisions.Drop(document.Index, beyond.Reason, beyond.Measured);
            else decisions.Edit(document.Index, document.Sketch.Span);
        }
    }

    /// <inheritdoc/>
    public StepResult Apply(Document document, ReadOnlySpan<byte> edit)
    {
        var score = BinaryPrimitives.ReadDoubleLittleEndian(edit);
        return StepResult.Keep(document with { Score = score }, _bounds.Nearest(score));
    }

    private sealed class Judge : IDisposable
    {
        private readonly Backend _backend = Backends.Create(threads: 0);
        private readonly List<Scored> _models = [];

        public Judge(ModelLossOptions options)
        {
            foreach (var directory in new[] { options.Model, options.Reference }.OfType<string>()) _models.Add(new Scored(directory, _backend));
        }

        public double Score(Document document)
        {
            if (document.Text.Length == 0) return double.PositiveInfinity;
            var score = _models[0].BitsPerByte(document);
            return _models.Count == 1 ? score : score - _models[1].BitsPerByte(document);
        }

        public void Dispose()
        {
            foreach (var model in _models) model.Dispose();
            _backend.Dispose();
        }
    }

    private sealed class Scored : IDisposable
    {
        private readonly LanguageModel _model;
        private readonly Tokenizer _tokenizer;
        private readonly DocumentScorer _scorer;

        public Scored(string directory, Backend backend)
        {
            _tokenizer = Tokenizer.Load(directory);
            _model = ModelDirectory.Load(directory, backend);
            _scorer = new DocumentScorer(_model);
        }

        public double BitsPerByte(Document document) => _scorer.Score(TokenSequences.Of([document], _tokenizer))[0].BitsPerByte;

        public void Dispose()
        {
            _scorer.Dispose();
            _model.Dispose();
        }
    }
}
