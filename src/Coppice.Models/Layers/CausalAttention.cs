using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>Attention of a decoder's layer to what came before: in the batch, or in the cache that the batch continues.</summary>
internal static class CausalAttention
{
    /// <summary>Attends. Where a cache is continued, keys and values are written to it first.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="input">The tokens.</param>
    /// <param name="layer">Which layer, for the cache.</param>
    /// <param name="queries">[tokens, heads · head size].</param>
    /// <param name="keys">[tokens, key/value heads · head size].</param>
    /// <param name="values">As the keys.</param>
    /// <param name="shape">Heads and masks.</param>
    /// <param name="rotary">Turns queries and keys by their positions; null where positions are no part of them.</param>
    /// <returns>[tokens, heads · head size].</returns>
    public static Tensor Attend(Tape tape, ModelInput input, int layer, Tensor queries, Tensor keys, Tensor values, in AttentionShape shape, RotaryTable? rotary = null)
    {
        if (rotary is not null)
        {
            queries = tape.Rotary(queries, input.Positions, rotary, shape.Heads);
            if (input.KeyPlaces is null) keys = tape.Rotary(keys, input.Positions, rotary, shape.KeyValueHeads);
        }

        if (input.Cache is not { } cache) return tape.Attention(queries, keys, values, input.Layout, shape);
        cache.Write(layer, input.Runs, keys, 0, values, 0);
        keys = rotary is not null && input.KeyPlaces is { } places ? tape.RotaryKeys(cache, layer, places, rotary, shape.KeyValueHeads, input.Ahead) : cache.Keys(layer);
        return tape.Attention(queries, keys, cache.Values(layer), input.Layout, shape);
    }
}
