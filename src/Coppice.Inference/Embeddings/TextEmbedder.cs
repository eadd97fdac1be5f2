using System.Runtime.InteropServices;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;

namespace Coppice.Inference;

/// <summary>
/// One vector for a text: the mean of its tokens' last hidden states, those around it included, as documents have them in training. A text that is longer
/// than the model's context is read in windows side by side, and the mean is over all of them.
/// </summary>
/// <remarks>What else is embedded with a text changes the last bits of its vector and no more. Not thread-safe.</remarks>
[Technique("mean-pooling", Title = "Sentence-BERT: Sentence Embeddings using Siamese BERT-Networks", Paper = "arXiv:1908.10084")]
public sealed class TextEmbedder : IDisposable
{
    // Enough to keep a processor busy, few enough to stay near its caches.
    private const int BatchTokens = 4096;

    private readonly LanguageModel _model;
    private readonly TextBoundaries _boundaries;
    private readonly bool _normalize;
    private readonly Tape _tape;
    private readonly ModelInput _input;
    private readonly List<int> _tokens = [];
    private readonly List<int> _positions = [];
    private readonly List<int> _cumulativeLengths = [0];
    private readonly List<int> _owners = [];
    private float[] _hidden = [];

    /// <summary>An embedder of a model.</summary>
    /// <param name="model">The model, best an encoder; it must outlive the embedder.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="normalize">Whether vectors are brought to the length 1, so that their product is the cosine of the angle between them.</param>
    /// <exception cref="CoppiceException">The tokenizer has tokens that the model doesn't know.</exception>
    public TextEmbedder(LanguageModel model, Tokenizer tokenizer, bool normalize = false)
    {
        (_model, _boundaries, _normalize) = (model, new TextBoundaries(model, tokenizer), normalize);
        _tape = new Tape(model.Backend) { Recording = false };
        _input = new ModelInput(model);
    }

    /// <summary>The length of a vector.</summary>
    public int Dimensions => _model.Configuration.HiddenSize;

    /// <summary>Embeds texts.</summary>
    /// <param name="texts">The texts; special tokens written in them are plain text.</param>
    /// <param name="cancellationToken">Ends it between two texts.</param>
    /// <returns>[texts][Dimensions]; zeros for an empty text where nothing stands around texts.</returns>
    /// <exception cref="CoppiceException">The model's numbers are not finite.</exception>
    public IReadOnlyList<float[]> Embed(IEnumerable<string> texts, CancellationToken cancellationToken = default) => EmbedTokens(texts.Select(_boundaries.Whole), cancellationToken);

    /// <summary>Embeds texts that are tokens already.</summary>
    /// <param name="texts">The tokens of each, with those around it.</param>
    /// <param name="cancellationToken">Ends it between two texts.</param>
    /// <returns>As <see cref="Embed"/>.</returns>
    /// <exception cref="CoppiceException">A token is outside the vocabulary, or the model's numbers are not finite.</exception>
    public IReadOnlyList<float[]> EmbedTokens(IEnumerable<int[]> texts, CancellationToken cancellationToken = default)
    {
        Clear();
        var (sums, counts, longest) = (new List<double[]>(), new List<int>(), _model.MaxTokens);
        foreach (var text in texts)
        {
            cancellationToken.ThrowIfCancellationRequested();
            sums.Add(new double[Dimensions]);
            counts.Add(text.Length);
            for (var start = 0; start < text.Length; start += longest) Add(text.AsSpan(start, Math.Min(longest, text.Length - start)), sums);
        }

        Flush(sums);
        return [.. sums.Zip(counts, Mean)];
    }

    /// <inheritdoc/>
    public void Dispose() => _tape.Dispose();

    /// <summary>Adds a window of the last text.</summary>
    private void Add(ReadOnlySpan<int> window, List<double[]> sums)
    {
        if (_tokens.Count > 0 && _tokens.Count + window.Length > BatchTokens) Flush(sums);
        for (var i = 0; i < window.Length; i++)
        {
            _tokens.Add(window[i]);
            _positions.Add(i);
        }

        _owners.Add(sums.Count - 1);
        _cumulativeLengths.Add(_tokens.Count);
    }

    private void Flush(List<double[]> sums)
    {
        if (_tokens.Count == 0) return;
        var size = _tokens.Count * Dimensions;
        if (_hidden.Length < size) _hidden = new float[size];
        try
        {
            _input.Set(_tape, CollectionsMarshal.AsSpan(_tokens), CollectionsMarshal.AsSpan(_positions), CollectionsMarshal.AsSpan(_cumulativeLengths), training: false);
            _model.Hidden(_tape, _input).CopyTo(_hidden.AsSpan(0, size));
        }
        finally
        {
            _tape.Reset();
        }

        for (var window = 0; window < _owners.Count; window++)
        {
            var sum = sums[_owners[window]];
            for (var token = _cumulativeLengths[window]; token < _cumulativeLengths[window + 1]; token++)
            {
                for (var i = 0; i < sum.Length; i++) sum[i] += _hidden[token * Dimensions + i];
            }
        }

        Clear();
    }

    private void Clear()
    {
        _tokens.Clear();
        _positions.Clear();
        _owners.Clear();
        _cumulativeLengths.RemoveRange(1, _cumulativeLengths.Count - 1);
    }

    private float[] Mean(double[] sum, int tokens)
    {
        var divisor = _normalize ? Math.Sqrt(sum.Sum(value => value * value)) : tokens;
        float[] mean = [.. sum.Select(value => (float)(divisor > 0 ? value / divisor : value))];
        return mean.All(float.IsFinite) ? mean : throw new CoppiceException("The model's numbers are not finite: its weights are damaged, or its training diverged.");
    }
}
