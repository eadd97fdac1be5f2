using System.Runtime.InteropServices;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;

namespace Coppice.Inference;

/// <summary>
/// Proposes what a smaller model draws with the same random numbers: where the two models agree, they draw the same token. Penalties and constraints are
/// left to the model that decides.
/// </summary>
[Technique("speculative-decoding", Title = "Fast Inference from Transformers via Speculative Decoding", Paper = "arXiv:2211.17192")]
public sealed class DraftModel : IDraftSource, IDisposable
{
    private readonly LanguageModel _model;
    private readonly DecodingContext _context;
    private readonly int _vocabularySize;

    // Tokens of the text that the context has not read; and proposals that it has read, of which the first ones have come true.
    private readonly List<int> _unread = [];
    private readonly List<int> _proposed = [];
    private int _confirmed;

    private TokenSampler? _sampler;
    private int _position;

    internal DraftModel(LanguageModel model, Tokenizer tokenizer)
    {
        (_model, _vocabularySize) = (model, tokenizer.VocabularySize);
        _context = new DecodingContext(model);
    }

    /// <summary>Opens a model that drafts for another one.</summary>
    /// <param name="path">A model directory or a GGUF file.</param>
    /// <param name="tokenizer">The tokenizer of the model that decides.</param>
    /// <param name="backend">What computes.</param>
    /// <param name="quantization">In what its matrices are held.</param>
    /// <exception cref="CoppiceException">The model can't be opened, or the tokenizers differ.</exception>
    public static DraftModel Load(string path, Tokenizer tokenizer, Backend backend, Quantization quantization = Quantization.None)
    {
        var opened = InferenceModel.Load(path, backend, quantization);
        var isSame = opened.Tokenizer.Fingerprint == tokenizer.Fingerprint;
        if (isSame && opened.Model.Configuration.VocabularySize >= tokenizer.VocabularySize) return new DraftModel(opened.Model, tokenizer);
        opened.Dispose();
        throw isSame
            ? new CoppiceException($"{path}: the tokenizer has {tokenizer.VocabularySize} tokens, the model fewer: they don't belong together")
            : CoppiceException.Usage($"{path}: a model that drafts must have the tokenizer of the model that it drafts for, and this is another one");
    }

    /// <inheritdoc/>
    public void Begin(ReadOnlySpan<int> prompt, GenerationOptions options)
    {
        _context.Clear();
        _proposed.Clear();
        _unread.Clear();
        _unread.AddRange(prompt);
        (_confirmed, _position) = (0, 0);
        _sampler = new TokenSampler(options with { RepetitionPenalty = 1, PresencePenalty = 0, FrequencyPenalty = 0, LogProbabilities = null });
    }

    /// <inheritdoc/>
    public void Accept(int token)
    {
        _position++;
        if (_unread.Count == 0 && _confirmed < _proposed.Count && _proposed[_confirmed] == token) _confirmed++;
        else _unread.Add(token);
    }

    /// <inheritdoc/>
    public int Propose(Span<int> draft)
    {
        _context.Drop(_proposed.Count - _confirmed);
        _proposed.Clear();
        _confirmed = 0;
        var logits = _context.Append(CollectionsMarshal.AsSpan(_unread));
        _unread.Clear();
        for (var i = 0; ; i++)
        {
            draft[i] = _sampler!.Next(logits[.._vocabularySize], _position + i);
            if (i + 1 == draft.Length) return draft.Length;
            _proposed.Add(draft[i]);
            logits = _context.Append([draft[i]]);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _context.Dispose();
        _model.Dispose();
    }
}
