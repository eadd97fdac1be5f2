namespace Coppice.Tensors;

// The divergence of a student from its teacher.
internal sealed unsafe partial class CpuBackend<S, V>
{
    public override void KullbackLeibler(
        int rows, int columns, float* student, float* teacher, float temperature, float scale, float* weights, float* losses, float* dstudent, float* dteacher)
    {
        ReserveScratch(2L * columns * sizeof(float));
        fixed (Scratch* scratch = _scratch)
        {
            var job = new KullbackLeiblerJob
            {
                Rows = rows, Columns = columns, Student = student, Teacher = teacher, Temperature = temperature, Scale = scale, Weights = weights, Losses = losses,
                DStudent = dstudent, DTeacher = dteacher, Workers = scratch, RowsPerItem = RowsPerItem(columns),
            };
            _pool.Run(ref job, (rows + job.RowsPerItem - 1) / job.RowsPerItem);
        }
    }

    private struct KullbackLeiblerJob : IJob
    {
        public int Rows;
        public int Columns;
        public float* Student;
        public float* Teacher;
        public float Temperature;
        public float Scale;
        public float* Weights;
        public float* Losses;
        public float* DStudent;
        public float* DTeacher;
        public Scratch* Workers;
        public int RowsPerItem;

        public readonly void Run(int item, int worker)
        {
            var scratch = (float*)Workers[worker].Address;
            var last = Math.Min(Rows, (item + 1) * RowsPerItem);
            for (var r = item * RowsPerItem; r < last; r++) Row(r, scratch, scratch + Columns);
        }

        /// <summary>
        /// With q = softmax(teacher / T), p = softmax(student / T) and d = log q - log p: loss = T² Σ q d,
        /// gradients T (p - q) for the student and T q (d - Σ q d) for the teacher. Each exponential is taken once, into scratch memory, as the
        /// gradients may overwrite the logits.
        /// </summary>
        private readonly void Row(int row, float* p, float* q)
        {
            var start = (long)row * Columns;
            float* student = Student + start, teacher = Teacher + start;
            var inverse = 1 / Temperature;
            var (shiftP, shiftQ) = (MaxOfRow(student, Columns) * inverse, MaxOfRow(teacher, Columns) * inverse);
            var (sumP, sumQ) = (ExpRow(student, p, Columns, inverse, shiftP), ExpRow(teacher, q, Columns, inverse, shiftQ));
            // d = (teacher - student) / T - offset: small where the two are close, whatever the size of their logits.
            var offset = (float)((double)shiftQ - shiftP + Math.Log(sumQ) - Math.Log(sumP));
            var factor = Scale * Temperature * (Weights == null ? 1 : Weights[row]);
            var (factorP, factorQ) = (factor / sumP, factor / sumQ);
            // The terms take the place of the student's exponentials.
            var divergence = Combine(student, teacher, p, q, inverse, offset, factorP, factorQ, DStudent == null ? null : DStudent + start) / sumQ;
            Losses[row] = factor * Temperature * divergence;
            if (DTeacher != null) TeacherGradient(p, q, divergence, factorQ, DTeacher + start);
        }

        /// <summary>With numerators p and q: dstudent = factorP · p - factorQ · q, then p = q d; returns Σ q d.</summary>
        private readonly float Combine(float* student, float* teacher, float* p, float* q, float inverse, float offset, float factorP, float factorQ, float* dstudent)
        {
            var sum = S.Zero;
            var scale = S.Create(inverse);
            var minusOffset = S.Create(-offset);
            var (ofP, ofQ) = (S.Create(factorP), S.Create(factorQ));
            var c = 0;
            for (; c <= Columns - S.Width; c += S.Width)
            {
                var vq = S.Load(q + c);
                var d = S.MultiplyAdd(S.Subtract(S.Load(teacher + c), S.Load(student + c)), scale, minusOffset);
                // A class that the teacher masks counts for nothing, also where d is infinite or no number.
                var term = S.Select(S.LessThan(S.Zero, vq), S.Multiply(vq, d), S.Zero);
                sum = S.Add(sum, term);
                // Two products, not a fused one: equal distributions differ by exactly 0.
                if (dstudent != null) S.Store(S.Subtract(S.Multiply(ofP, S.Load(p + c)), S.Multiply(ofQ, vq)), dstudent + c);
                S.Store(term, p + c);
            }

            var total = S.Sum(sum);
            for (; c < Columns; c++)
            {
                var term = q[c] > 0 ? q[c] * ((teacher[c] - student[c]) * inverse - offset) : 0;
                total += term;
                if (dstudent != null) dstudent[c] = factorP * p[c] - factorQ * q[c];
                p[c] = term;
            }

            return total;
        }

        /// <summary>dteacher = factor · (term - q · divergence).</summary>
        private readonly void TeacherGradient(float* terms, float* q, float divergence, float factor, float* dteacher)
        {
            var scale = S.Create(factor);
            var minusDivergence = S.Create(-divergence);
            var c = 0;
            for (; c <= Columns - S.Width; c += S.Width) S.Store(S.Multiply(scale, S.MultiplyAdd(S.Load(q + c), minusDivergence, S.Load(terms + c))), dteacher + c);
            for (; c < Columns; c++) dteacher[c] = factor * (terms[c] - q[c] * divergence);
        }
    }
}
