namespace Coppice.Corpus;

/// <summary>
/// Reads a whole store in order, for evaluation: windows side by side, the last one as short as it is, every target once.
/// </summary>
/// <remarks>
/// Bits per byte of a source are the nats of its counted targets over (<see cref="TokenStoreSource.Bytes"/> · ln 2). The targets are all
/// tokens of the documents but the leading ones; without a begin-of-text token that also leaves out each document's first token.
/// </remarks>
public sealed class SequentialReader
{
    private readonly TokenStore _store;
    private readonly WindowPacker _packer;
    private readonly int _sequenceLength;
    private long _next;

    /// <summary>Stands at the beginning of a store.</summary>
    /// <param name="store">The store; not disposed here. Text that is in no file: <see cref="TokenStore.InMemory"/>.</param>
    /// <param name="sequenceLength">Tokens in a window, at least 1: the most context a target has.</param>
    /// <param name="crossDocumentAttention">Whether a window is one fragment, so that attention looks across the documents in it.</param>
    public SequentialReader(TokenStore store, int sequenceLength, bool crossDocumentAttention = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sequenceLength, 1);
        _store = store;
        _sequenceLength = sequenceLength;
        _packer = new WindowPacker(crossDocumentAttention);
    }

    /// <summary>How many windows the store has.</summary>
    public long WindowCount => (_store.TokenCount - 1 + _sequenceLength - 1) / _sequenceLength;

    /// <summary>Fills a batch with the next windows.</summary>
    /// <param name="batch">The batch; what it held is replaced. Its sources are indices into the store's.</param>
    /// <param name="sequences">How many windows at most, at least 1.</param>
    /// <returns>False, with an empty batch, where the store is at its end.</returns>
    public bool Next(PackedBatch batch, int sequences)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sequences, 1);
        batch.Clear();
        for (var i = 0; i < sequences && _next < _store.TokenCount - 1; i++)
        {
            var length = (int)Math.Min(_sequenceLength, _store.TokenCount - 1 - _next);
            _packer.Add(_store, _next, length, source: null, batch);
            _next += length;
        }

        return batch.Count > 0;
    }

    /// <summary>Goes back to the beginning.</summary>
    public void Restart() => _next = 0;
}
