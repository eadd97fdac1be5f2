using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Inference;

/// <summary>What a cache must have room for, so that all variants of a model can use it.</summary>
/// <param name="Capacity">Tokens of a text: no more than each variant reads.</param>
/// <param name="RowsAhead">Rows ahead of a text: as many as the variant with the most has.</param>
/// <param name="SideLayers">Layers of a network beside the model.</param>
/// <param name="SideWidth">Their width.</param>
internal readonly record struct CacheSize(int Capacity, int RowsAhead, int SideLayers, int SideWidth)
{
    /// <summary>Asks each variant. The model is alone afterwards.</summary>
    /// <param name="model">The model.</param>
    /// <param name="variants">What makes it several, or null.</param>
    /// <param name="contextTokens">The most tokens that are wanted.</param>
    /// <exception cref="CoppiceException">A variant can't continue a text, or two have networks of other sizes beside the model.</exception>
    public static CacheSize Of(LanguageModel model, IModelVariants? variants, int contextTokens)
    {
        variants?.Use(null);
        var size = new CacheSize(Math.Min(contextTokens, model.MaxTokens), 0, 0, 0);
        foreach (var name in variants?.Names ?? [])
        {
            variants!.Use(name);
            try
            {
                if (model.Configuration.IsCausal) model.RequireCausal("continue a text");
                var (layers, width) = (model.Side?.Layers ?? size.SideLayers, model.Side?.CacheWidth ?? size.SideWidth);
                if (size.SideLayers > 0 && (layers, width) != (size.SideLayers, size.SideWidth)) throw CoppiceException.Usage($"'{name}' has a network beside the model of another size than another variant: they can't be used together");
                size = new CacheSize(Math.Min(size.Capacity, model.MaxTokens), Math.Max(size.RowsAhead, model.Virtual?.Count ?? 0), layers, width);
            }
            finally
            {
                variants.Use(null);
            }
        }

        return size;
    }

    /// <summary>Bytes of a text.</summary>
    /// <param name="configuration">The model's sizes.</param>
    public long BytesPerSlot(ModelConfiguration configuration) =>
        KeyValueCache.BytesPerSlot(configuration.Layers, Capacity + RowsAhead, configuration.KeyValueHeads * configuration.HeadSize) + KeyValueCache.BytesPerSlot(SideLayers, Capacity + RowsAhead, SideWidth);

    /// <summary>A cache of this size.</summary>
    /// <param name="model">The model.</param>
    /// <param name="slots">The most texts at a time.</param>
    public KeyValueCache Create(LanguageModel model, int slots)
    {
        var c = model.Configuration;
        return new KeyValueCache(model.Backend, c.Layers, Capacity, c.KeyValueHeads * c.HeadSize, slots, rowsAhead: RowsAhead, sideLayers: SideLayers, sideWidth: SideWidth);
    }
}
