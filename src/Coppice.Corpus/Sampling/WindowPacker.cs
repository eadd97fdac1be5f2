namespace Coppice.Corpus;

/// <summary>Cuts windows out of a token store into a batch: a boundary where the window begins and where documents do.</summary>
/// <param name="crossDocumentAttention">Whether a window is one fragment, so that attention looks across the documents in it.</param>
internal sealed class WindowPacker(bool crossDocumentAttention)
{
    private int[] _tokens = [];
    private float[] _weights = [];
    private int[] _sources = [];

    /// <summary>Appends a window.</summary>
    /// <param name="store">The store.</param>
    /// <param name="start">The window's first token.</param>
    /// <param name="length">Tokens in the window; one more is read, as the last target.</param>
    /// <param name="source">The source to write for all targets, or null for the store's own.</param>
    /// <param name="batch">Takes the window.</param>
    public void Add(TokenStore store, long start, int length, int? source, PackedBatch batch)
    {
        if (_weights.Length < length)
        {
            _tokens = new int[length + 1];
            _weights = new float[length];
            _sources = new int[length];
        }

        var tokens = _tokens.AsSpan(0, length + 1);
        var weights = _weights.AsSpan(0, length);
        var sources = _sources.AsSpan(0, length);
        store.Read(start, tokens);
        weights.Fill(1);

        var fragment = 0;
        var done = 0;
        for (var document = store.DocumentAt(start); done < length; document++)
        {
            // The last token of a document inside the window has its target in the next document.
            var end = store.DocumentStart(document + 1) - start;
            var covered = (int)Math.Min(end, length);
            if (covered == done) continue;
            sources[done..covered].Fill(source ?? store.DocumentSource(document));
            done = covered;
            if (end > length) break;
            if (!TargetAcrossDocumentsCounts(store)) weights[covered - 1] = 0;
            if (crossDocumentAttention) continue;
            Append(fragment, covered, batch);
            fragment = covered;
        }

        if (fragment < length) Append(fragment, length, batch);
    }

    // See DocumentEncoder for the layouts. Without special tokens the text just runs on, but only where attention does too.
    private bool TargetAcrossDocumentsCounts(TokenStore store) =>
        store.BeginOfText == store.EndOfText && (store.BeginOfText is not null || crossDocumentAttention);

    private void Append(int from, int to, PackedBatch batch) =>
        batch.Add(_tokens.AsSpan(from..to), _tokens.AsSpan((from + 1)..(to + 1)), _weights.AsSpan(from..to), _sources.AsSpan(from..to));
}
