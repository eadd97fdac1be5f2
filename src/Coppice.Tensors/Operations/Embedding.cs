namespace Coppice.Tensors;

/// <summary>Rows of a table: token and position embeddings, and any gather of rows.</summary>
public static unsafe class EmbeddingOperation
{
    /// <summary>y[r] = table[ids[r]] (+ added[r]).</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="ids">[rows]; the caller has checked that each is a row of the table.</param>
    /// <param name="table">[any, columns].</param>
    /// <param name="added">Null, or [rows, columns] that is used up: the sum takes its memory.</param>
    /// <returns>[rows, columns].</returns>
    public static Tensor Embedding(this Tape tape, IntTensor ids, Tensor table, Tensor? added = null)
    {
        var shape = new Shape(ids.Count, table.Columns);
        Require.That(added is null || added.Shape == shape, "embedding", shape, added?.Shape ?? default);
        var requiresGradient = table.RequiresGradient || added is { RequiresGradient: true };
        var y = added is null ? null : tape.TakeOver(added, requiresGradient);
        if (y is null)
        {
            y = tape.NewTensor(shape, requiresGradient);
            if (added is not null) tape.Backend.Copy(added.Data, y.Data, added.Count);
        }

        tape.Backend.Gather(ids.Count, table.Columns, ids.Data, table.Data, y.Data, accumulate: added is not null);
        if (!y.RequiresGradient) return y;
        var operation = tape.Rent<Recorded>();
        (operation.Ids, operation.Table, operation.Added) = (ids, table, added);
        tape.Record(operation, y);
        return y;
    }

    private sealed class Recorded : Operation
    {
        public IntTensor? Ids { get; set; }

        public Tensor? Table { get; set; }

        public Tensor? Added { get; set; }

        internal override void Backward(Tape tape)
        {
            if (Table!.RequiresGradient) tape.Backend.ScatterAdd(Ids!.Count, Table.Columns, Ids.Data, Output.Gradient, tape.GradientToAdd(Table));
            if (Added is not null) tape.PassGradient(Output, Added);
        }

        internal override void Clear() => (Ids, Table, Added) = (null, null, null);
    }
}
