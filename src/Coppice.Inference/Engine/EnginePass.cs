using System.Runtime.InteropServices;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Inference;

/// <summary>
/// One pass through the model for several texts side by side: the last token of each that is being written, and pieces of prompts. Logits are computed
/// of the rows alone from which a token is drawn.
/// </summary>
internal sealed class EnginePass : IDisposable
{
    private readonly LanguageModel _model;
    private readonly KeyValueCache _cache;
    private readonly SlotTable _slots;
    private readonly Tape _tape;
    private readonly ModelInput _input;
    private readonly List<GenerationStream> _texts = [];
    private readonly List<int> _tokens = [];
    private readonly List<CacheRun> _runs = [];
    private readonly List<int> _rows = [];
    private float[] _logits = [];

    /// <summary>An empty pass.</summary>
    /// <param name="model">The model.</param>
    /// <param name="cache">The keys and values of all texts.</param>
    /// <param name="slots">Whose they are.</param>
    public EnginePass(LanguageModel model, KeyValueCache cache, SlotTable slots)
    {
        (_model, _cache, _slots) = (model, cache, slots);
        _tape = new Tape(model.Backend) { Recording = false };
        _input = new ModelInput(model);
    }

    /// <summary>The texts of the pass.</summary>
    public IReadOnlyList<GenerationStream> Texts => _texts;

    /// <summary>Adds the next tokens of a text: those of the prompt that are not cached, or the one that was drawn last.</summary>
    /// <param name="text">The text; its slot is the only one of the pass with that number.</param>
    /// <param name="most">The most tokens.</param>
    /// <returns>How many.</returns>
    public int Add(GenerationStream text, int most)
    {
        var done = _cache.LengthOf(text.Slot);
        var count = 1;
        if (done < text.Prompt.Length)
        {
            count = Math.Min(most, text.Prompt.Length - done);
            _tokens.AddRange(text.Prompt.AsSpan(done, count));
        }
        else
        {
            _tokens.Add(text.Drawn[^1]);
        }

        _texts.Add(text);
        _runs.Add(new CacheRun(text.Slot, count));
        if (done + count >= text.Prompt.Length) _rows.Add(_tokens.Count - 1);
        return count;
    }

    /// <summary>Computes the pass and empties it.</summary>
    /// <param name="draw">Receives each text whose next token can be drawn, with its logits [vocabulary], which it may change.</param>
    /// <returns>How many texts that were.</returns>
    public int Compute(DrawToken draw)
    {
        try
        {
            _input.Set(_tape, CollectionsMarshal.AsSpan(_tokens), _cache, CollectionsMarshal.AsSpan(_runs));
            var hidden = _model.Hidden(_tape, _input);
            if (_rows.Count > 0)
            {
                if (_rows.Count < _tokens.Count) hidden = _tape.Embedding(_tape.Integers(CollectionsMarshal.AsSpan(_rows)), hidden);
                var logits = _model.Logits(_tape, hidden);
                if (_logits.Length < logits.Count) _logits = new float[logits.Count];
                logits.CopyTo(_logits.AsSpan(0, (int)logits.Count));
            }

            var (row, drawn) = (0, 0);
            for (var i = 0; i < _runs.Count; i++)
            {
                _slots.Extend(_runs[i].Slot, CollectionsMarshal.AsSpan(_tokens).Slice(row, _runs[i].Tokens));
                row += _runs[i].Tokens;
                if (drawn == _rows.Count || _rows[drawn] != row - 1) continue;
                draw(_texts[i], _logits.AsSpan(drawn++ * _model.Configuration.VocabularySize, _model.Configuration.VocabularySize));
            }

            return drawn;
        }
        finally
        {
            _tape.Reset();
            _texts.Clear();
            _tokens.Clear();
            _runs.Clear();
            _rows.Clear();
        }
    }

    /// <summary>Computes the embedding of a text.</summary>
    /// <param name="request">The text.</param>
    public void Compute(EmbeddingRequest request) => request.Compute(_model, _tape, _input);

    /// <inheritdoc/>
    public void Dispose() => _tape.Dispose();

    /// <summary>Draws the next token of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="logits">[vocabulary]; may be changed.</param>
    internal delegate void DrawToken(GenerationStream text, Span<float> logits);
}
