using System.Buffers;
using System.Globalization;
using Coppice.Foundation;

namespace Coppice.Corpus.Selection;

/// <summary>How <see cref="QualityPruning"/> works.</summary>
public sealed record QualityPruningOptions
{
    /// <summary>Files or folders of good text: a byte n-gram model of it decides what each heuristic counts. None counts all heuristics alike.</summary>
    public IReadOnlyList<string> Reference { get; init; } = [];

    /// <summary>The share of the text, in UTF-16 units, that is kept. The paper: 0.6 of web text, 0.8 of an encyclopaedia.</summary>
    public double Share { get; init; } = 0.6;

    /// <summary>The share of the documents whose lines the model measures.</summary>
    public double Measured { get; init; } = 0.05;
}

/// <summary>
/// Text-quality pruning: line heuristics, each weighted by how much lower a language model's perplexity is on the lines that pass it, w_i = max(0, (PPL_all − PPL_i) / PPL_all). A line's score is the
/// weighted share of heuristics it passes, a document's the mean over its lines by words; the best documents are kept. The paper's with eleven of its fourteen heuristics, perplexity per byte
/// (per token it would favour long lines), and an n-gram model in place of a neural one.
/// </summary>
/// <remarks>A sketch is the words that pass each heuristic, some 30 bytes, and for measured documents the sums of the model. Earlier documents take no part.</remarks>
[Technique("text-quality-pruning", Title = "Text Quality-Based Pruning for Efficient Training of Language Models", Paper = "arXiv:2405.01582")]
public sealed class QualityPruning : ICorpusStep
{
    private const long ReferenceBytes = 2_000_000;
    private const ulong SampleStream = 0x5155414C;
    private static readonly int Heuristics = LineHeuristics.Names.Count;
    private readonly QualityPruningOptions _options;
    private readonly ByteNgramModel? _model;
    private readonly string _modelVersion;

    /// <summary>Trains the model.</summary>
    /// <param name="options">How it works.</param>
    /// <exception cref="CoppiceException">The reference can't be read or holds no text.</exception>
    public QualityPruning(QualityPruningOptions options)
    {
        _options = options;
        var documents = options.Reference.SelectMany(path => new CorpusInput(path).Read(new ReaderOptions(), new CorpusReport())).ToList();
        if (options.Reference.Count > 0) _model = new ByteNgramModel(documents, ReferenceBytes);
        _modelVersion = _model is null ? "no model" : Checksum.Of(string.Concat(documents.Select(document => ContentHash.Of(document.Text).ToString(CultureInfo.InvariantCulture))));
    }

    /// <inheritdoc/>
    public string Name => "quality-pruning";

    /// <inheritdoc/>
    public string SketchVersion => string.Create(CultureInfo.InvariantCulture, $"line heuristics 1, {_modelVersion}, {_options.Measured}");

    /// <inheritdoc/>
    public Action<Document, IBufferWriter<byte>> BeginSketching()
    {
        var heuristics = new LineHeuristics();
        var sums = new Sums();
        return (document, sketch) =>
        {
            sums.Clear();
            var measured = _model is not null && CounterRandom.Unit(CounterRandom.Bits(0, SampleStream, (ulong)ContentHash.Of(document.Text))) < _options.Measured;
            foreach (var line in document.Text.AsSpan().EnumerateLines())
            {
                var (passed, words) = heuristics.Judge(line);
                if (words == 0) continue;
                var (nats, bytes) = measured ? _model!.Score(line.Trim()) : default;
                sums.Add(passed, words, nats, bytes);
            }

            sums.Write(sketch, measured);
        };
    }

    /// <inheritdoc/>
    public void Decide(ISketchedCorpus corpus, IDecisions decisions, CancellationToken cancellation)
    {
        var all = new Sums();
        foreach (var document in corpus.NewDocuments(cancellation)) all.Add(document.Sketch.Span);
        var weights = Weights(all);
        var (indices, lengths, scores, one) = (new List<long>(), new List<int>(), new List<double>(), new Sums());
        foreach (var document in corpus.NewDocuments(cancellation))
        {
            one.Clear();
            one.Add(document.Sketch.Span);
            indices.Add(document.Index);
            lengths.Add(document.Characters);
            scores.Add(one.Score(weights));
        }

        var (taken, lowest) = Chosen.Highest(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(scores), lengths, _options.Share);
        for (var i = 0; i < taken.Length; i++)
        {
            if (!taken[i]) decisions.Drop(indices[i], "line quality too low", new Measurement("share of heuristics that its lines pass", scores[i], lowest));
        }
    }

    /// <inheritdoc/>
    public StepResult Apply(Document document, ReadOnlySpan<byte> edit) => StepResult.Keep(document);

    // Where no heuristic lowers the perplexity, or nothing was measured, all count alike.
    private static double[] Weights(Sums sums)
    {
        var all = Math.Exp(sums.Nats[^1] / Math.Max(1, sums.Bytes[^1]));
        double[] weights = [.. Enumerable.Range(0, Heuristics).Select(i => sums.Bytes[i] == 0 ? 0 : Math.Max(0, (all - Math.Exp(sums.Nats[i] / sums.Bytes[i])) / all))];
        return weights.Sum() > 0 ? weights : [.. Enumerable.Repeat(1.0, Heuristics)];
    }

    // Sums over lines: of those that pass each heuristic, and of all of them in the last place.
    private sealed class Sums
    {
        public long[] Words { get; } = new long[Heuristics + 1];

        public double[] Nats { get; } = new double[Heuristics + 1];

        public long[] Bytes { get; } = new long[Heuristics + 1];

        public void Clear()
        {
            Array.Clear(Words);
            Array.Clear(Nats);
            Array.Clear(Bytes);
        }

        public void Add(int passed, int words, double nats, int bytes)
        {
            for (var bits = passed | (1 << Heuristics); bits != 0; bits &= bits - 1)
            {
                var i = System.Numerics.BitOperations.TrailingZeroCount(bits);
                Words[i] += words;
                Nats[i] += nats;
                Bytes[i] += bytes;
            }
        }

        public void Write(IBufferWriter<byte> sketch, bool measured)
        {
            foreach (var words in Words) sketch.WriteWhole((ulong)words);
            if (!measured) return;
            foreach (var nats in Nats) sketch.WriteNumber(nats);
            foreach (var bytes in Bytes) sketch.WriteWhole((ulong)bytes);
        }

        public void Add(ReadOnlySpan<byte> sketch)
        {
            for (var i = 0; i < Words.Length; i++) Words[i] += (long)SketchNumbers.ReadWhole(ref sketch);
            if (sketch.IsEmpty) return;
            for (var i = 0; i < Nats.Length; i++) Nats[i] += SketchNumbers.ReadNumber(ref sketch);
            for (var i = 0; i < Bytes.Length; i++) Bytes[i] += (long)SketchNumbers.ReadWhole(ref sketch);
        }

        public double Score(double[] weights)
        {
            var score = 0.0;
            for (var i = 0; i < weights.Length; i++) score += weights[i] * Words[i];
            return Words[^1] == 0 ? 0 : score / (weights.Sum() * Words[^1]);
        }
    }
}
