exec(open('drafts/17_stack.py').read())
mnist=vae_core.load_mnist(); vae=vae_core.load_pretrained("vae")
N=200
b=(mnist.x_test[:N]>0.5).astype(np.float32)
BINS=1<<12; edges=norm.ppf(np.arange(BINS+1)/BINS); centres=norm.ppf((np.arange(BINS)+.5)/BINS)
TOTAL=1<<PRECISION
def table(mean,std):
    cdf=norm.cdf(edges,mean,std)
    return np.floor(cdf*(TOTAL-BINS)).astype(np.int64)+np.arange(BINS+1)
enc=jax.jit(lambda x: vae.encoder(x,training=False)); dec=jax.jit(lambda z: jax.nn.sigmoid(vae.decoder(z,training=False)))
def q_of(x):
    m,l=enc(x[None]); return [table(float(a),float(np.exp(.5*c))) for a,c in zip(np.asarray(m)[0],np.asarray(l)[0])]
def ones_of(z):
    p=np.asarray(dec(np.asarray(z,np.float32)[None])).ravel(); return np.clip(np.round(p*TOTAL).astype(np.int64),1,TOTAL-1).tolist()
def encode(stack,x):
    ks=[]
    for t in q_of(x):
        k=int(np.searchsorted(t,stack.peek(),side='right'))-1
        stack.pop(int(t[k]),int(t[k+1]-t[k])); ks.append(k)
    for bit,one in zip(x.ravel(),ones_of(centres[ks])):
        stack.push(*((0,one) if bit else (one,TOTAL-one)))
    for k in ks: stack.push(k*(TOTAL//BINS),TOTAL//BINS)
def decode(stack):
    ks=[]
    for _ in range(2):
        k=stack.peek()//(TOTAL//BINS); stack.pop(k*(TOTAL//BINS),TOTAL//BINS); ks.append(k)
    ks=ks[::-1]; bits=[]
    for one in reversed(ones_of(centres[ks])):
        bit=stack.peek()<one; stack.pop(*((0,one) if bit else (one,TOTAL-one))); bits.append(bit)
    x=np.array(bits[::-1],np.float32).reshape(28,28,1)
    for k,t in reversed(list(zip(ks,q_of(x)))): stack.push(int(t[k]),int(t[k+1]-t[k]))
    return x
rng=np.random.default_rng(0); start=rng.integers(0,1<<32,20).tolist()
s=Stack(start); before=s.bits(); t=time.time()
for x in b: encode(s,x)
print('bits/img',(s.bits()-before)/N,time.time()-t)
e=evaluation.elbo(vae,b,num_samples=100,progress=False); print('-elbo bits',-e.elbo/np.log(2), e.elbo_standard_error)
t=time.time(); back=[decode(s) for _ in range(N)][::-1]; print(np.array_equal(np.array(back),b), s.words==start, time.time()-t)
